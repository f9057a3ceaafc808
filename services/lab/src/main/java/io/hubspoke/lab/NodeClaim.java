package io.hubspoke.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/**
 * Holds an address and a range of pods of a lab's node network for a node in a process of its own,
 * against others that look for one too, until it is closed or the process dies.
 */
record NodeClaim(String address, String podCidr, SocketChannel guard) implements AutoCloseable {
  /**
   * Claims what no node of a lab has. The lab itself counts its nodes from 1 up, so the last are
   * the first that are tried.
   *
   * @throws IOException when everything is taken
   */
  static NodeClaim free(Addresses lab) throws IOException {
    for (var n = Addresses.NODES - 1; n > 0; n--) {
      var address = lab.nodeAdvertises(n);
      if (FreePort.isFree(address, Addresses.KUBELET_PORT)
          && FreePort.isFree(lab.nodeListens(n), Addresses.KUBELET_PORT)) {
        var guard = bind(address);
        if (guard != null) {
          return new NodeClaim(address, lab.podCidr(n), guard);
        }
      }
    }
    throw new IOException("no free address for a node in " + lab.nodeRange());
  }

  /**
   * Claims what a node is told, or had before.
   *
   * @throws IOException when another has it
   */
  static NodeClaim of(String address, String podCidr) throws IOException {
    var guard = bind(address);
    if (guard == null) {
      throw new IOException(
          "another node has the address " + address + ", or it is not this machine's");
    }
    return new NodeClaim(address, podCidr, guard);
  }

  /** Binds without listening, at a port that no kubelet uses; null when it is taken. */
  private static SocketChannel bind(String address) throws IOException {
    var guard = SocketChannel.open();
    try {
      guard.bind(new InetSocketAddress(InetAddress.ofLiteral(address), Addresses.API_PORT));
      return guard;
    } catch (IOException taken) {
      guard.close();
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    guard.close();
  }
}
