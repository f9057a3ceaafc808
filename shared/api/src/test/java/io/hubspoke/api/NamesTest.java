package io.hubspoke.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

  @ParameterizedTest
  @ValueSource(strings = {"a", "a-b", "1", "a.b-c.d"})
  void acceptsSubdomains(String name) {
    assertThat(Names.dns1123Subdomain(name)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "A", "-a", "a-", "a..b", "a.-b", "a_b", ".a", "a.", "é"})
  void refusesOtherSubdomains(String name) {
    assertThat(Names.dns1123Subdomain(name))
        .containsExactly(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters,"
                + " '-' or '.', and must start and end with an alphanumeric character (e.g."
                + " 'example.com', regex used for validation is"
                + " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
  }

  @Test
  void countsCharacters() {
    assertThat(Names.dns1123Label("a".repeat(63))).isEmpty();
    assertThat(Names.dns1123Label("a".repeat(64)))
        .containsExactly("must be no more than 63 characters");
    assertThat(Names.dns1123Subdomain("a".repeat(254)))
        .containsExactly("must be no more than 253 characters");
    assertThat(Names.qualifiedName("a".repeat(64)))
        .containsExactly("name part must be no more than 63 characters");
  }

  @Test
  void aServiceBeginsWithALetter() {
    assertThat(Names.dns1035Label("web")).isEmpty();
    assertThat(Names.dns1035Label("1web")).hasSize(1);
    assertThat(Names.dns1035Label("")).hasSize(1);
  }

  @Test
  void pathSegmentsStayWithinTheirSegment() {
    assertThat(Names.pathSegment("system:node")).isEmpty();
    assertThat(Names.pathSegment("..")).containsExactly("may not be '..'");
    assertThat(Names.pathSegment("a/b%c"))
        .containsExactly("may not contain '/'", "may not contain '%'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"app", "example.com/App_1", "a.b"})
  void acceptsLabelKeys(String key) {
    assertThat(Names.qualifiedName(key)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/a", "a/", "a/b/c", "Example.com/a", "a b", "-a"})
  void refusesOtherLabelKeys(String key) {
    assertThat(Names.qualifiedName(key)).isNotEmpty();
  }

  @Test
  void configKeysMayBeginWithADot() {
    assertThat(Names.configMapKey(".dockercfg")).isEmpty();
    assertThat(Names.configMapKey("..")).contains("must not be '..'");
    assertThat(Names.configMapKey("a/b")).hasSize(1);
    assertThat(Names.configMapKey("")).hasSize(1);
  }
}
