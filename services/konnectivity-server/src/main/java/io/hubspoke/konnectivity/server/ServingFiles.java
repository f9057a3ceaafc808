package io.hubspoke.konnectivity.server;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * With what a port is served by TLS.
 *
 * @param clientCa whose certificates callers must have; null when they need none
 * @param cipherSuites those allowed up to TLS 1.2; empty for the usual ones
 */
public record ServingFiles(Path cert, Path key, Path clientCa, List<String> cipherSuites) {
  public ServingFiles {
    Objects.requireNonNull(cert, "cert");
    Objects.requireNonNull(key, "key");
    cipherSuites = List.copyOf(cipherSuites);
  }

  public ServingFiles(Path cert, Path key, Path clientCa) {
    this(cert, key, clientCa, List.of());
  }
}
