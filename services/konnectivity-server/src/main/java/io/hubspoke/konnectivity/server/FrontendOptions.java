package io.hubspoke.konnectivity.server;

import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where and how the control plane is served.
 *
 * @param address host and port, or a Unix socket
 * @param deleteExisting whether a Unix socket that is there already may be taken away
 * @param files null for a Unix socket
 * @param keepaliveTime of a connection that is silent, before it is asked for
 */
public record FrontendOptions(
    Mode mode,
    SocketAddress address,
    boolean deleteExisting,
    ServingFiles files,
    Duration keepaliveTime) {

  /** What the control plane speaks; {@code --mode}. */
  public enum Mode {
    GRPC("grpc"),
    HTTP_CONNECT("http-connect");

    private final String flag;

    Mode(String flag) {
      this.flag = flag;
    }

    static Mode parse(String text) {
      for (Mode mode : values()) {
        if (mode.flag.equals(text)) {
          return mode;
        }
      }
      throw new IllegalArgumentException(
          "mode must be set to either 'grpc' or 'http-connect' not \"" + text + "\"");
    }

    @Override
    public String toString() {
      return flag;
    }
  }

  public FrontendOptions {
    if (address.isDomainSocket() == (files != null)) {
      throw new IllegalArgumentException(
          address.isDomainSocket()
              ? "server cert, key and ca cert should not be set for UDS"
              : "--server-cert and --server-key must be given, or --uds-name");
    }
  }

  /** A Unix socket that only its owner may use. */
  public static FrontendOptions unix(Mode mode, Path socket) {
    return new FrontendOptions(
        mode,
        SocketAddress.domainSocketAddress(socket.toString()),
        true,
        null,
        KonnectivityServerOptions.KEEPALIVE_TIME);
  }

  /** A port that is served by TLS. */
  public static FrontendOptions tls(Mode mode, SocketAddress address, ServingFiles files) {
    return new FrontendOptions(
        mode, address, true, files, KonnectivityServerOptions.KEEPALIVE_TIME);
  }
}
