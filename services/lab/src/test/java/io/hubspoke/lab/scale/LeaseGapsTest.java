package io.hubspoke.lab.scale;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LeaseGapsTest {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  private Duration passed = Duration.ZERO;
  private final LeaseGaps gaps = new LeaseGaps(() -> passed.toNanos());

  private void renewed(String name, int second) {
    passed = Duration.ofSeconds(second);
    gaps.seen(name, new Observed.LeaseSpec(BEGIN.plusSeconds(second).toString(), 40));
  }

  private void expect(int renewals, int late, int expired) {
    var seen = gaps.renewals();
    assertThat(seen.renewals()).isEqualTo(renewals);
    assertThat(seen.late()).isEqualTo(late);
    assertThat(seen.expired()).isEqualTo(expired);
  }

  @Test
  void a_renewal_that_comes_late_is_told() {
    renewed("in-time", 0);
    renewed("late", 0);
    renewed("in-time", 10);
    renewed("late", 16);
    renewed("in-time", 20);

    expect(3, 1, 0);
    expect(0, 0, 0);
  }

  @Test
  void a_lease_that_is_not_renewed_is_late_without_a_renewal() {
    renewed("node", 0);
    passed = Duration.ofSeconds(20);

    expect(0, 1, 0);
  }

  @Test
  void one_silence_is_late_once_and_expires_once() {
    renewed("node", 0);
    passed = Duration.ofSeconds(20);
    expect(0, 1, 0);
    passed = Duration.ofSeconds(45);
    expect(0, 0, 1);

    renewed("node", 50);
    expect(1, 0, 0);
    renewed("node", 70);
    expect(1, 1, 0);
  }

  @Test
  void what_changes_beside_the_renewal_counts_for_nothing() {
    renewed("node", 0);
    passed = Duration.ofSeconds(20);
    gaps.seen("node", new Observed.LeaseSpec(BEGIN.toString(), 40));
    gaps.seen("unused", new Observed.LeaseSpec(null, 40));

    expect(0, 1, 0);
  }

  @Test
  void a_lease_that_is_deleted_is_not_late() {
    renewed("node", 0);
    gaps.forget("node");
    passed = Duration.ofSeconds(60);

    expect(0, 0, 0);
  }
}
