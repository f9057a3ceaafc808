package io.hubspoke.apiserver.health;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** What must hold for the server to be alive and ready. */
public final class HealthChecks {
  /**
   * One named check.
   *
   * @param liveness whether it counts for {@code /livez} and {@code /healthz} too
   */
  record Check(String name, boolean liveness, BooleanSupplier healthy) {}

  private final List<Check> checks = new ArrayList<>();

  /** Adds a check that every probe asks. */
  public HealthChecks live(String name, BooleanSupplier healthy) {
    checks.add(new Check(name, true, healthy));
    return this;
  }

  /** Adds a check that only {@code /readyz} asks. */
  public HealthChecks ready(String name, BooleanSupplier healthy) {
    checks.add(new Check(name, false, healthy));
    return this;
  }

  List<Check> list() {
    return List.copyOf(checks);
  }
}
