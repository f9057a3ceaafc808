package io.hubspoke.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelSelectorTest {
  private static final Map<String, String> LABELS =
      Map.of("app", "web", "tier", "", "example.com/zone", "a", "size", "12", "in", "x");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "app",
        "app=web",
        "app==web",
        "app = web , tier",
        "app!=db",
        "missing!=web",
        "app in (db,web)",
        "app in(web)",
        "app notin (db)",
        "missing notin (db, web)",
        "!missing",
        "! missing",
        "tier=",
        "tier==,app",
        "tier in ()",
        "tier in (,a)",
        "tier in (a,)",
        "example.com/zone=a",
        "size>11",
        "size < 13",
        "in",
        "in in (x)",
        "in=x",
        "app,!missing,tier notin (b)",
      })
  void selectsWhatFits(String selector) {
    assertThat(LabelSelector.parse(selector).matches(LABELS)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "missing",
        "app=db",
        "app!=web",
        "app in (db,dbx)",
        "app notin (web)",
        "!app",
        "app=",
        "size>12",
        "app>1",
        "missing<3",
        "app,missing",
        "tier!=",
      })
  void leavesOutWhatDoesNotFit(String selector) {
    assertThat(LabelSelector.parse(selector).matches(LABELS)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a b            | unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        "a in b         | unable to parse requirement: found 'b' expected: '('",
        "a in (b        | unable to parse requirement: found '', expected: ',' or ')'",
        "a in (b c)     | unable to parse requirement: found 'c', expected: ',' or ')'",
        "a=b,           | found '', expected: identifier after ','",
        "a=b c          | found 'c', expected: ',' or 'end of string'",
        ",a             | found ',', expected: !, identifier, or 'end of string'",
        "=a             | found '=', expected: !, identifier, or 'end of string'",
        "a=(b           | unable to parse requirement: found '(', expected: identifier",
        "!              | unable to parse requirement: found '', expected: identifier",
        "a>b            | unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
      })
  void saysWhatIsWrongWithAMalformedOne(String selector, String message) {
    assertThatThrownBy(() -> LabelSelector.parse(selector))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400))
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-a=b", "a/b/c", "a=-b", "a in (b!)", "a=é", "x//y"})
  void refusesKeysAndValuesThatLabelsCannotHave(String selector) {
    assertThatThrownBy(() -> LabelSelector.parse(selector))
        .isInstanceOf(ApiException.class)
        .hasMessageStartingWith("unable to parse requirement: ");
  }

  @Test
  void readsTheObjectForm() {
    LabelSelector selector =
        object(
            """
            {"matchLabels":{"app":"web"},"matchExpressions":[
              {"key":"tier","operator":"Exists"},
              {"key":"app","operator":"In","values":["web","db"]},
              {"key":"app","operator":"NotIn","values":["db"]},
              {"key":"missing","operator":"DoesNotExist"}]}""");

    assertThat(selector.matches(LABELS)).isTrue();
    assertThat(selector.matches(Map.of("app", "web"))).isFalse();
  }

  @Test
  void anEmptyObjectSelectsEverything() {
    assertThat(object("{}").matches(Map.of())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Like\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"b\"]}]}",
      })
  void refusesAMalformedObject(String json) {
    assertThatThrownBy(() -> object(json)).isInstanceOf(ApiException.class);
  }

  private static LabelSelector object(String json) {
    return LabelSelector.fromObject(Json.parse(json.getBytes(StandardCharsets.UTF_8)));
  }
}
