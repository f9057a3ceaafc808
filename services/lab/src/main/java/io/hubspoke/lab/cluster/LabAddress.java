package io.hubspoke.lab.cluster;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Where a member of a lab cluster listens. */
public record LabAddress(String host, int port) {
  /** Where a lab cluster begins when nothing else is said. */
  public static final int PORT = 5801;

  private static final int MOST = 65_535;

  /**
   * Reads {@code HOST} or {@code HOST:PORT}.
   *
   * @throws IllegalArgumentException when it is neither
   */
  public static LabAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    var host = colon < 0 ? text : text.substring(0, colon);
    var port = colon < 0 ? String.valueOf(PORT) : text.substring(colon + 1);
    if (host.isEmpty()
        || host.contains(":")
        || !port.matches("[0-9]{1,5}")
        || Integer.parseInt(port) > MOST) {
      throw new IllegalArgumentException("must be HOST or HOST:PORT, but is \"" + text + "\"");
    }
    return new LabAddress(host, Integer.parseInt(port));
  }

  InetAddress resolve() throws UnknownHostException {
    return InetAddress.getByName(host);
  }

  /** Returns the IP address that other machines reach it at; empty where that is none. */
  public String reachable() throws UnknownHostException {
    return isLoopback() ? "" : resolve().getHostAddress();
  }

  /** Returns the address of this machine from which it is reached; nothing is sent. */
  public String reachedFrom() throws IOException {
    if (isLoopback()) {
      return "127.0.0.1";
    }
    try (var socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(resolve(), port));
      return socket.getLocalAddress().getHostAddress();
    }
  }

  /** Returns whether only this machine can reach it. */
  public boolean isLoopback() throws UnknownHostException {
    return resolve().isLoopbackAddress();
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
