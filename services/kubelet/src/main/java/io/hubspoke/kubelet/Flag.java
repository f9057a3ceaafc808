package io.hubspoke.kubelet;

import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.util.concurrent.Callable;

/** Reads what a flag names; what goes wrong then names the flag. */
final class Flag {
  private Flag() {}

  /** Reads the file of a flag. */
  static <T> T read(String flag, Callable<T> reading) throws IOException {
    try {
      return reading.call();
    } catch (Exception e) {
      throw new IOException(flag + ": " + Component.reason(e), e);
    }
  }
}
