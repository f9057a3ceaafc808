package io.hubspoke.controllermanager.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.KeyPairs;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NewcomersTest {
  private static final Instant LET_IN = Instant.parse("2026-01-01T10:00:00.7Z");

  private final AtomicLong time = new AtomicLong();
  private final Newcomers newcomers = new Newcomers(time::get, () -> LET_IN);

  @Test
  void ofTwoKeysTheFirstHasTheNameUntilItHadTimeToJoin() {
    var first = KeyPairs.generate().getPublic();
    var second = KeyPairs.generate().getPublic();
    assertThat(newcomers.isFirst("node", first)).isTrue();
    assertThat(newcomers.isFirst("node", second)).isFalse();
    // Asking again makes it no later, and names have nothing to do with each other.
    assertThat(newcomers.isFirst("node", first)).isTrue();
    assertThat(newcomers.isFirst("other", second)).isTrue();

    time.addAndGet(Newcomers.TIME_TO_JOIN.toNanos());
    assertThat(newcomers.isFirst("node", second)).isFalse();
    time.incrementAndGet();
    assertThat(newcomers.isFirst("node", second)).isTrue();
    assertThat(newcomers.isFirst("node", first)).isFalse();

    newcomers.joined("node");
    assertThat(newcomers.isFirst("node", first)).isTrue();
  }

  @Test
  void theNodeThatANewcomerMadeFreesTheNameAndAnOlderOneDoesNot() {
    var first = KeyPairs.generate().getPublic();
    var second = KeyPairs.generate().getPublic();
    assertThat(newcomers.isFirst("node", first)).isTrue();

    newcomers.joined("node", Instant.parse("2026-01-01T09:59:59Z"));
    newcomers.joined("other", Instant.parse("2026-01-01T10:00:01Z"));
    assertThat(newcomers.isFirst("node", second)).isFalse();

    // Objects know whole seconds only.
    newcomers.joined("node", Instant.parse("2026-01-01T10:00:00Z"));
    assertThat(newcomers.isFirst("node", second)).isTrue();
  }
}
