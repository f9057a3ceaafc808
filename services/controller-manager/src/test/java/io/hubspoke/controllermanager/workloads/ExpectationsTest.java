package io.hubspoke.controllermanager.workloads;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ExpectationsTest {
  private final AtomicLong now = new AtomicLong();
  private final Expectations expectations = new Expectations(now::get);

  @Test
  void areSatisfiedOnceEverythingWasSeen() {
    assertThat(expectations.satisfied("a")).isTrue();
    expectations.expect("a", 2, List.of("x"));
    expectations.created("a");
    expectations.created("b");
    assertThat(expectations.satisfied("a")).isFalse();
    expectations.created("a");
    assertThat(expectations.satisfied("a")).isFalse();
    expectations.deleted("a", "x");
    assertThat(expectations.satisfied("a")).isTrue();
  }

  @Test
  void countADeletionOnceHoweverOftenItIsSeen() {
    expectations.expect("a", 0, List.of("x", "y"));
    expectations.deleted("a", "x");
    expectations.deleted("a", "x");
    expectations.deleted("a", "z");
    assertThat(expectations.satisfied("a")).isFalse();
  }

  @Test
  void areGivenUpAfterFiveMinutes() {
    expectations.expect("a", 1, List.of());
    now.set(Expectations.TIMEOUT.toNanos() - 1);
    assertThat(expectations.left("a")).hasNanos(1);
    now.set(Expectations.TIMEOUT.toNanos());
    assertThat(expectations.satisfied("a")).isTrue();
  }

  @Test
  void ofAnOwnerThatIsGoneAreForgotten() {
    expectations.expect("a", 1, List.of());
    expectations.forget("a");
    assertThat(expectations.satisfied("a")).isTrue();
  }
}
