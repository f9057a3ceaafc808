package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.PodNetwork;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which addresses pods with a network of their own get: those of the node's pod CIDR. A range in
 * 127.0.0.0/8, as a lab on one machine has it, means the machine itself in every network, so it
 * can't be a pod's: {@code 10.b.c.d} stands in for {@code 127.b.c.d}, and that is the address that
 * the pod is reported with.
 */
final class PodAddresses {
  private static final Path ROUTES = Path.of("/proc/net/route");

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

  /**
   * Returns an address to which the machine has no route of its own yet: another kubelet's pod may
   * have it, also one that is left of a kubelet that was killed and never came back.
   */
  String allocate() throws IOException {
    Set<String> taken = routed();
    List<String> passed = new ArrayList<>();
    try {
      String address = network.allocate();
      while (taken.contains(address)) {
        passed.add(address);
        address = network.allocate();
      }
      return address;
    } finally {
      passed.forEach(network::release);
    }
  }

  private static Set<String> routed() throws IOException {
    Set<String> addresses = new HashSet<>();
    for (String line : Files.readAllLines(ROUTES).stream().skip(1).toList()) {
      String[] fields = line.split("\\s+", -1);
      if (fields.length > 7 && fields[7].equals("FFFFFFFF")) {
        // As a number of this machine's byte order: the last part comes first.
        long bytes = Long.parseLong(fields[1], 16);
        addresses.add(
            (bytes & 255)
                + "."
                + (bytes >> 8 & 255)
                + "."
                + (bytes >> 16 & 255)
                + "."
                + (bytes >> 24 & 255));
      }
    }
    return addresses;
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
