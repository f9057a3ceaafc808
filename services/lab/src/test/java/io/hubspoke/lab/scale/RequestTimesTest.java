package io.hubspoke.lab.scale;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RequestTimesTest {
  private static final String LINE =
      "apiserver_request_duration_seconds_bucket{component=\"apiserver\",group=\"\","
          + "resource=\"nodes\",subresource=\"%s\",verb=\"%s\",le=\"%s\"} %s%n";

  @Test
  void percentilesAreOfWhatCameBetweenTwoLooks() {
    var before = RequestTimes.read(histogram("GET", "", 1000, 1000, 1000));
    var after = RequestTimes.read(histogram("GET", "", 1000, 1090, 1100));

    var get = after.since(before);

    assertThat(get).hasSize(1);
    assertThat(get.getFirst().count()).isEqualTo(100);
    // All of it took longer than the first bucket's 5 ms, and 90 of 100 up to 25 ms.
    assertThat(get.getFirst().p50()).isBetween(5.0, 25.0);
    assertThat(get.getFirst().p90()).isEqualTo(25.0);
    assertThat(get.getFirst().p99()).isEqualTo(25.0);
  }

  @Test
  void subresourcesAreKindsOfTheirOwn() {
    var after =
        RequestTimes.read(histogram("PATCH", "status", 1, 1, 1) + histogram("PATCH", "", 7, 7, 7));

    assertThat(after.since(RequestTimes.read("")))
        .extracting(RequestTimes.Percentiles::resource)
        .containsExactly("nodes", "nodes/status");
  }

  private static String histogram(String verb, String subresource, int a, int b, int all) {
    return LINE.formatted(subresource, verb, "0.005", a)
        + LINE.formatted(subresource, verb, "0.025", b)
        + LINE.formatted(subresource, verb, "+Inf", all);
  }
}
