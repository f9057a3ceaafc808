package io.hubspoke.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FieldSelectorTest {
  private static final Map<String, String> FIELDS =
      Map.of("spec.nodeName", "n1", "status.phase", "Running", "odd", "a,b=c\\d");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "spec.nodeName=n1                     | true",
        "spec.nodeName==n1,status.phase!=Done | true",
        "spec.nodeName!=n1                    | false",
        "spec.nodeName=n1,status.phase=Done   | false",
        "unset=                               | true",
        "odd=a\\,b\\=c\\\\d                   | true",
        ",spec.nodeName=n1,                   | true",
      })
  void comparesFields(String selector, boolean matches) {
    assertThat(FieldSelector.parse(selector).matches(f -> FIELDS.getOrDefault(f, "")))
        .isEqualTo(matches);
  }

  @Test
  void keepsWhichFieldsWereAskedFor() {
    assertThat(FieldSelector.parse("a!=b,c=d").terms())
        .containsExactly(
            new FieldSelector.Term("a", "b", true), new FieldSelector.Term("c", "d", false));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "a=b=c", "a=b\\", "a=b\\x", "a=b,c", "a\\=b"})
  void refusesWhatItCannotUnderstand(String selector) {
    assertThatThrownBy(() -> FieldSelector.parse(selector))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400))
        .hasMessageContaining("invalid");
  }
}
