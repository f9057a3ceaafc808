package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class ServerCountTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  @Test
  void nothing_is_known_until_a_server_has_said_it() {
    var count = new ServerCount(null, ServerCountSource.DEFAULT);
    assertThat(count.current()).isEmpty();
    count.told(3);
    assertThat(count.current()).hasValue(3);
    count.told(2);
    assertThat(count.current()).hasValue(2);
  }

  @Test
  void a_lease_counts_from_its_last_renewal_for_as_long_as_it_says() {
    assertThat(isValid(NOW.minusSeconds(29), null, 30)).isTrue();
    assertThat(isValid(NOW.minusSeconds(30), null, 30)).isFalse();
    assertThat(isValid(null, NOW.minusSeconds(29), 30)).isTrue();
    assertThat(isValid(NOW.minusSeconds(31), NOW, 30)).isFalse();
    assertThat(isValid(null, null, 30)).isFalse();
    assertThat(isValid(NOW, null, null)).isFalse();
  }

  private static boolean isValid(Instant renewed, Instant acquired, Integer seconds) {
    var lease = Json.object();
    var spec = lease.putObject("spec").put("leaseDurationSeconds", seconds);
    if (renewed != null) {
      spec.put("renewTime", renewed.toString());
    }
    if (acquired != null) {
      spec.put("acquireTime", acquired.toString());
    }
    return LeaseCounter.isValid(lease, CLOCK);
  }

  @Test
  void waits_grow_to_the_cap_and_never_beyond_and_are_not_the_same_for_all() {
    var syncing = Syncing.DEFAULT.withIntervals(Duration.ofSeconds(1), Duration.ofSeconds(10));
    var backoff = new SyncBackoff(syncing);
    assertThat(backoff.failed()).isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
    assertThat(backoff.failed()).isBetween(Duration.ofMillis(750), Duration.ofMillis(1500));
    for (var i = 0; i < 20; i++) {
      assertThat(backoff.failed()).isLessThanOrEqualTo(syncing.cap());
    }
    assertThat(backoff.failed()).isGreaterThanOrEqualTo(syncing.cap().dividedBy(2));
    assertThat(backoff.succeeded()).isLessThanOrEqualTo(Duration.ofSeconds(1));
    assertThat(backoff.failed()).isLessThanOrEqualTo(Duration.ofSeconds(1));
  }
}
