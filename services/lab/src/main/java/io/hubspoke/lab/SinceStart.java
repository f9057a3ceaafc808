package io.hubspoke.lab;

import java.time.Duration;
import java.time.Instant;

/** Measures from the start of this process, as the operating system has it. */
final class SinceStart {
  private SinceStart() {}

  static double seconds() {
    var started = ProcessHandle.current().info().startInstant().orElse(Instant.now());
    return Duration.between(started, Instant.now()).toMillis() / 1000.0;
  }
}
