package io.hubspoke.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the parts of one lab live on loopback; labs that run beside each other take different
 * blocks.
 *
 * <p>Block 0: the control plane on {@code 127.0.10.x}, its wires on {@code 127.0.11.x}; nodes
 * advertise {@code 127.10.x.y}, which is their wire's, and listen on {@code 127.11.x.y}. Each block
 * adds two.
 */
public record Addresses(int block) {
  /** As many labs run beside each other. */
  public static final int BLOCKS = 4;

  static final int API_PORT = 6443;
  static final int KUBELET_PORT = 10250;

  /**
   * Returns the first blocks that nobody uses.
   *
   * @throws IOException when there aren't that many
   */
  public static List<Addresses> free(int count) throws IOException {
    var found = new ArrayList<Addresses>();
    for (var block = 0; block < BLOCKS && found.size() < count; block++) {
      var addresses = new Addresses(block);
      if (addresses.isFree()) {
        found.add(addresses);
      }
    }
    if (found.size() < count) {
      throw new IOException(
          "no free loopback addresses: port %d is taken on 127.0.10.1 and its %d alternatives (do other labs run?)"
              .formatted(API_PORT, BLOCKS - 1));
    }
    return found;
  }

  private boolean isFree() {
    return bindable(apiserver(), API_PORT)
        && bindable(nodesUplink(), API_PORT)
        && bindable(nodeListens(1), KUBELET_PORT)
        && bindable(nodeAdvertises(1), KUBELET_PORT);
  }

  private static boolean bindable(String address, int port) {
    try (var socket = new ServerSocket(port, 1, InetAddress.ofLiteral(address))) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  /** Where the apiserver listens. */
  public String apiserver() {
    return "127.0.%d.1".formatted(10 + 2 * block);
  }

  /** The source address of the scheduler. */
  public String scheduler() {
    return "127.0.%d.2".formatted(10 + 2 * block);
  }

  /** The source address of the controller manager. */
  public String controllerManager() {
    return "127.0.%d.3".formatted(10 + 2 * block);
  }

  /** Where nodes find the apiserver: the wire from the node network. */
  public String nodesUplink() {
    return "127.0.%d.1".formatted(11 + 2 * block);
  }

  /** Where the scheduler finds the apiserver. */
  public String schedulerUplink() {
    return "127.0.%d.2".formatted(11 + 2 * block);
  }

  /** Where the controller manager finds the apiserver. */
  public String controllerManagerUplink() {
    return "127.0.%d.3".formatted(11 + 2 * block);
  }

  /** What the n-th node advertises, from 1: its wire's address. */
  public String nodeAdvertises(int n) {
    return "127.%d.%d.%d".formatted(10 + 2 * block, n / 250, n % 250 + 1);
  }

  /** Where the n-th node's kubelet listens. */
  public String nodeListens(int n) {
    return "127.%d.%d.%d".formatted(11 + 2 * block, n / 250, n % 250 + 1);
  }

  /** All addresses that nodes may advertise. */
  public String nodeRange() {
    return "127.%d.0.0/16".formatted(10 + 2 * block);
  }

  /** The n-th node's pods. */
  public String podCidr(int n) {
    return "127.%d.%d.0/24".formatted(20 + block, n % 250);
  }

  /** The apiserver's URL at one of its addresses. */
  static String url(String address) {
    return "https://" + address + ":" + API_PORT;
  }
}
