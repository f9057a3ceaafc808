package io.hubspoke.runtime;

import java.io.IOException;
import java.util.concurrent.Callable;

/** Reads what a flag names; what goes wrong then names the flag. */
public final class Flag {
  private Flag() {}

  /**
   * Reads the value or the file of a flag.
   *
   * @param flag such as {@code --client-ca-file}
   * @throws IOException whose message begins with the flag
   */
  public static <T> T read(String flag, Callable<T> reading) throws IOException {
    try {
      return reading.call();
    } catch (Exception e) {
      throw new IOException(flag + ": " + Component.reason(e), e);
    }
  }
}
