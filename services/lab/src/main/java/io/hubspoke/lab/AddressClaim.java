package io.hubspoke.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/**
 * Holds a block of addresses against other labs, in this process or another, until it is closed.
 *
 * <p>Binding the guard address is atomic, and the kernel undoes it when the process dies. The
 * socket doesn't listen, so a scan of the network finds nothing there.
 */
record AddressClaim(LoopbackAddresses addresses, SocketChannel guard) implements AutoCloseable {
  /**
   * Claims the first block that nobody has.
   *
   * @throws IOException when all are taken
   */
  static AddressClaim first() throws IOException {
    return first(LoopbackAddresses.BLOCKS, false);
  }

  /**
   * Claims the first block that nobody has for a large lab.
   *
   * @throws IOException when all are taken
   */
  static AddressClaim large() throws IOException {
    return first(LoopbackAddresses.LARGE_BLOCKS, true);
  }

  /** The same for a lab whose apiserver has an address that other machines reach. */
  AddressClaim at(String host) {
    return host.isEmpty() ? this : new AddressClaim(addresses.at(host), guard);
  }

  private static AddressClaim first(int blocks, boolean large) throws IOException {
    for (var block = 0; block < blocks; block++) {
      var claim = claim(new LoopbackAddresses(block, large));
      if (claim != null) {
        return claim;
      }
    }
    throw new IOException(
        "no free loopback addresses: port %d is taken on 127.0.10.1 and its %d alternatives (do other labs run?)"
            .formatted(Addresses.API_PORT, blocks - 1));
  }

  private static AddressClaim claim(LoopbackAddresses addresses) throws IOException {
    var guard = SocketChannel.open();
    try {
      guard.bind(
          new InetSocketAddress(InetAddress.ofLiteral(addresses.guard()), Addresses.API_PORT));
      if (isFree(addresses)) {
        return new AddressClaim(addresses, guard);
      }
    } catch (IOException taken) {
      // Another lab's; the next block may be free.
    }
    guard.close();
    return null;
  }

  /** Whether something else than a lab serves there. */
  private static boolean isFree(Addresses addresses) {
    return FreePort.isFree(addresses.apiserver(), Addresses.API_PORT)
        && FreePort.isFree(addresses.nodesUplink(), Addresses.API_PORT)
        && FreePort.isFree(addresses.nodeListens(1), Addresses.KUBELET_PORT)
        && FreePort.isFree(addresses.nodeAdvertises(1), Addresses.KUBELET_PORT);
  }

  @Override
  public void close() throws IOException {
    guard.close();
  }
}
