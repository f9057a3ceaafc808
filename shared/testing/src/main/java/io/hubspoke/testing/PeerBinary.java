package io.hubspoke.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Real binaries of Kubernetes and Konnectivity, which are not installed with what tests need. */
public final class PeerBinary {
  private static final String VARIABLE = "HUBSPOKE_PEERS";

  private PeerBinary() {}

  /** Returns one of the folder that {@code HUBSPOKE_PEERS} names; without it a test is skipped. */
  public static Path of(String name) {
    var folder = System.getenv(VARIABLE);
    assumeTrue(
        folder != null,
        VARIABLE + " names no folder with the real " + name + ", so it was not tried");
    var file = Path.of(folder, name);
    assumeTrue(Files.isExecutable(file), "there is no " + file + ", so it was not tried");
    return file;
  }
}
