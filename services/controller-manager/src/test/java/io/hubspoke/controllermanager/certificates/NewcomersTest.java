package io.hubspoke.controllermanager.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.KeyPairs;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NewcomersTest {
  private final AtomicLong time = new AtomicLong();
  private final Newcomers newcomers = new Newcomers(time::get);

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
}
