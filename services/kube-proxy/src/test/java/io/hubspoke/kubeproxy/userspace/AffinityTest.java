package io.hubspoke.kubeproxy.userspace;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubeproxy.rules.Endpoint;
import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AffinityTest {
  private static final Endpoint ENDPOINT = new Endpoint("10.0.0.1", 80, true);
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private final InetAddress client = InetAddress.ofLiteral("192.0.2.1");

  private static long at(int seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }

  @Test
  void a_client_stays_until_the_timeout_after_its_last_connection() {
    var affinity = new Affinity();
    affinity.led(client, ENDPOINT, at(0));
    assertThat(affinity.of(client, TIMEOUT, at(59))).isEqualTo(ENDPOINT);
    affinity.led(client, ENDPOINT, at(59));
    assertThat(affinity.of(client, TIMEOUT, at(118))).isEqualTo(ENDPOINT);
    assertThat(affinity.of(client, TIMEOUT, at(119))).isNull();
    assertThat(affinity.size()).isZero();
  }

  @Test
  void of_too_many_clients_those_that_came_longest_ago_are_forgotten() {
    var affinity = new Affinity(100);
    for (int i = 0; i < 200; i++) {
      affinity.led(InetAddress.ofLiteral("10.0.0." + i), ENDPOINT, at(i));
    }
    assertThat(affinity.size()).isEqualTo(100);
    assertThat(affinity.of(InetAddress.ofLiteral("10.0.0.99"), TIMEOUT, at(100))).isNull();
    assertThat(affinity.of(InetAddress.ofLiteral("10.0.0.199"), TIMEOUT, at(200)))
        .isEqualTo(ENDPOINT);
  }
}
