package io.hubspoke.tunnel;

import java.util.Objects;

/**
 * What is to be reached by TCP.
 *
 * @param host an IP address, or a name that the far end of the tunnel resolves
 * @param node the node that the host is, or on which it runs; empty when nobody knows
 */
public record Target(String host, int port, String node) {
  public Target {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(node, "node");
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port must be between 1 and 65535, but is " + port);
    }
  }

  /** Something of which nobody knows on which node it is. */
  public Target(String host, int port) {
    this(host, port, "");
  }

  /** Returns host and port as an authority: with brackets about an IPv6 address. */
  public String authority() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }
}
