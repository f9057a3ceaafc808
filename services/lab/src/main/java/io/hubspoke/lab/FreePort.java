package io.hubspoke.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports at which nobody listens, for servers that have to be told theirs. */
final class FreePort {
  /** Below those that the system gives to whoever asks for any. */
  private static final int LAST = 32_000;

  private static final int FIRST = 20_000;
  private static final int TRIES = 1000;

  private FreePort() {}

  /**
   * Returns a port at which nobody listens.
   *
   * @throws IOException when none is free, or the address is not this machine's
   */
  static int at(String address) throws IOException {
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      if (isFree(address, port)) {
        return port;
      }
    }
    throw new IOException("no free port at " + address);
  }

  /**
   * Returns whether this process may listen there, and nobody does. Nor is it listened at to find
   * that out: a process that is started meanwhile inherits every socket for a moment, and would go
   * on to listen.
   */
  static boolean isFree(String address, int port) {
    try (var socket = new Socket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}
