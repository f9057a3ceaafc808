package io.hubspoke.apiserver.egress;

import java.nio.file.Path;

/** How one selection of an {@code EgressSelectorConfiguration} connects. */
sealed interface EgressConnection {

  /** By the network, as if nothing were configured. */
  record Direct() implements EgressConnection {}

  /** Through a Konnectivity server that speaks gRPC. */
  record Grpc(Uds transport) implements EgressConnection {}

  /** Through a Konnectivity server, or any other proxy, that takes HTTP CONNECT. */
  record HttpConnect(Transport transport) implements EgressConnection {}

  /** Where the server listens. */
  sealed interface Transport {}

  /** On a Unix socket. */
  record Uds(Path udsName) implements Transport {}

  /**
   * On a TCP port.
   *
   * @param tls null to speak in clear
   */
  record Tcp(String host, int port, TlsFiles tls) implements Transport {}

  /**
   * What TLS is made with.
   *
   * @param caBundle null for the system's authorities
   */
  record TlsFiles(Path caBundle, Path clientKey, Path clientCert) {}
}
