package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.PodNetwork;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.Optional;

/**
 * Which addresses pods with a network of their own get: those of the node's pod CIDR. A range in
 * 127.0.0.0/8, as a lab on one machine has it, means the machine itself in every network, so it
 * can't be a pod's: {@code 10.b.c.d} stands in for {@code 127.b.c.d}, and that is the address that
 * the pod is reported with.
 */
final class PodAddresses {
  private final PodNetwork network = new PodNetwork();
  private volatile String range = "";
  private volatile String free = "none";

  void range(String cidr) {
    range = cidr.startsWith("127.") ? "10." + cidr.substring(4) : cidr;
    network.range(range);
  }

  /**
   * Returns the name of an interface of the machine that has an address in the pods' range, so that
   * routes to pods would hide the network behind it; empty when there is none.
   */
  Optional<String> conflict() throws SocketException {
    String present = range;
    if (present.equals(free)) {
      return Optional.empty();
    }
    String prefix = cluster().substring(0, cluster().indexOf(".0.0/") + 1);
    for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      boolean ours = each.getName().startsWith(PodLink.PREFIX);
      for (InetAddress address : Collections.list(each.getInetAddresses())) {
        if (!ours && address.getHostAddress().startsWith(prefix)) {
          return Optional.of(each.getName());
        }
      }
    }
    free = present;
    return Optional.empty();
  }

  boolean known() {
    return network.hasRange();
  }

  String allocate() {
    return network.allocate();
  }

  void release(String address) {
    network.release(address);
  }

  /** Returns the machine's address on every cable: the first of the range. */
  String gateway() {
    String base = range.substring(0, range.lastIndexOf('/'));
    return base.substring(0, base.lastIndexOf('.') + 1) + "1";
  }

  /** Returns the range that all pods of the cluster are taken to be in. */
  String cluster() {
    String[] parts = range.split("\\.", 3);
    return parts[0] + "." + parts[1] + ".0.0/16";
  }
}
