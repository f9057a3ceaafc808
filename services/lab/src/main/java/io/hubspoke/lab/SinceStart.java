package io.hubspoke.lab;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;

/** Measures from the start of this process, as the operating system has it. */
final class SinceStart {
  private SinceStart() {}

  /** Tells people what happens now, and when that is. */
  static void tell(PrintWriter err, String what) {
    err.printf("%6.1f s  %s%n", seconds(), what);
    err.flush();
  }

  static double seconds() {
    var started = ProcessHandle.current().info().startInstant().orElse(Instant.now());
    return Duration.between(started, Instant.now()).toMillis() / 1000.0;
  }
}
