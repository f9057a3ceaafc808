package io.hubspoke.tunnel.konnectivity;

import io.hubspoke.runtime.Tls;
import io.vertx.core.net.ClientOptionsBase;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Where a Konnectivity server's frontend is, and how it is verified.
 *
 * @param address host and port, or a Unix socket
 * @param keys what is shown to it; null for nothing
 * @param trust who vouches for it; null to speak in clear, as over a Unix socket
 */
public record TunnelServer(
    SocketAddress address, X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {
  public TunnelServer {
    Objects.requireNonNull(address, "address");
  }

  /** One that listens on a Unix socket: who may use it, the file's permissions say. */
  public static TunnelServer unix(Path socket) {
    return new TunnelServer(SocketAddress.domainSocketAddress(socket.toString()), null, null);
  }

  /** One that listens in clear. */
  public static TunnelServer clear(String host, int port) {
    return new TunnelServer(SocketAddress.inetSocketAddress(port, host), null, null);
  }

  /** One whose certificate must be for this host. */
  public static TunnelServer tls(
      String host, int port, X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {
    return new TunnelServer(
        SocketAddress.inetSocketAddress(port, host), keys, Objects.requireNonNull(trust, "trust"));
  }

  /** Sets TLS up, or not; whether the host name is verified is the caller's to set as well. */
  <T extends ClientOptionsBase> T secure(T options) {
    return trust == null ? options : Tls.connect(options, keys, trust);
  }

  /** Returns it as people write it. */
  String display() {
    return address.isDomainSocket() ? address.path() : address.host() + ":" + address.port();
  }
}
