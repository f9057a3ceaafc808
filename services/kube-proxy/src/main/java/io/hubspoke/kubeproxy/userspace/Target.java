package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.kubeproxy.rules.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** The address of an endpoint, wherever it is. */
record Target(String ip, int port) {
  static Target of(Endpoint endpoint) {
    return new Target(endpoint.ip(), endpoint.port());
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.ofLiteral(ip), port);
  }
}
