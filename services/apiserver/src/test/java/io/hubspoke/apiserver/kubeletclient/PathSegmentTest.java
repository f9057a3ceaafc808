package io.hubspoke.apiserver.kubeletclient;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathSegmentTest {
  @ParameterizedTest
  @CsvSource({
    "web-1.a, web-1.a",
    "../../run/x, ..%2F..%2Frun%2Fx",
    "a?b=c&d#e, a%3Fb%3Dc%26d%23e",
    "a b+c%2f, a%20b%2Bc%252f",
    "., %2E",
    ".., %2E%2E",
  })
  void aNameStaysOneSegment(String name, String segment) {
    assertThat(PathSegment.encode(name)).isEqualTo(segment);
  }
}
