package io.hubspoke.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for servers that have to be told theirs, and for nobody. */
public final class FreePort {
  /** Below those that the system gives to whoever asks for any. */
  private static final int LAST = 32_000;

  private static final int FIRST = 20_000;
  private static final int TRIES = 1000;

  private FreePort() {}

  /**
   * Returns a port at which nobody listens. Nor was it listened at to find that out: a process that
   * is started meanwhile inherits every socket for a moment, and would go on to listen.
   *
   * @throws IOException when none is free, or the address is not this machine's
   */
  public static int at(String address) throws IOException {
    IOException failure = null;
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      try (var socket = new Socket()) {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port));
        return port;
      } catch (IOException taken) {
        failure = taken;
      }
    }
    throw new IOException("no free port at " + address, failure);
  }
}
