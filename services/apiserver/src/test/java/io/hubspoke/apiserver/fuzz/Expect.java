package io.hubspoke.apiserver.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What must hold whatever is sent. */
final class Expect {
  private Expect() {}

  static void that(boolean holds, String about) {
    if (!holds) {
      throw new AssertionError(about);
    }
  }

  static void equal(byte[] expected, byte[] actual) {
    that(
        Arrays.equals(expected, actual),
        new String(expected, StandardCharsets.UTF_8)
            + " became "
            + new String(actual, StandardCharsets.UTF_8));
  }
}
