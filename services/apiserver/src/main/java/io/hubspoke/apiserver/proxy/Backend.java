package io.hubspoke.apiserver.proxy;

import io.hubspoke.apiserver.kubeletclient.NodeAddresses.KubeletAddress;
import io.vertx.core.net.SocketAddress;

/** Where a proxied request goes. */
sealed interface Backend {

  /** Returns the host and port as they stand in the backend's own URLs. */
  String authority();

  /** A kubelet, reached as for logs: with the apiserver's client certificate. */
  record Kubelet(KubeletAddress address) implements Backend {
    @Override
    public String authority() {
      return Backend.authority(address.host(), address.socket().port());
    }
  }

  /**
   * Anything else: in the clear, or with a certificate that nobody verifies and without one of our
   * own.
   */
  record Direct(boolean tls, SocketAddress address) implements Backend {
    @Override
    public String authority() {
      return Backend.authority(address.host(), address.port());
    }
  }

  private static String authority(String host, int port) {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }
}
