package io.hubspoke.lab;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How the control plane of a mesh reaches its nodes, pods and services. */
public enum Egress {
  /** The apiserver connects to them. */
  DIRECT,
  /** The apiserver keeps a tunnel to each node's SSH server. */
  SSH,
  /** Agents on nodes keep connections to a Konnectivity server, which speaks gRPC to the hub. */
  KONNECTIVITY_GRPC,
  /** The same, with HTTP CONNECT between hub and Konnectivity server. */
  KONNECTIVITY_HTTP_CONNECT;

  public boolean isKonnectivity() {
    return switch (this) {
      case DIRECT, SSH -> false;
      case KONNECTIVITY_GRPC, KONNECTIVITY_HTTP_CONNECT -> true;
    };
  }

  /**
   * Reads one as {@code --egress} takes it.
   *
   * @throws IllegalArgumentException naming the flag, the value and what is expected
   */
  static Egress parse(String text) {
    return Arrays.stream(values())
        .filter(egress -> egress.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "--egress must be one of %s, but is \"%s\""
                        .formatted(
                            Arrays.stream(values())
                                .map(Egress::toString)
                                .collect(Collectors.joining(", ")),
                            text)));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
