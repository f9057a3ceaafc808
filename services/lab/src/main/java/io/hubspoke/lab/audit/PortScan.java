package io.hubspoke.lab.audit;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * Tries every TCP port of an address from one source address. Each thread has one socket open at a
 * time; on one machine the kernel refuses at once, so there is nothing to wait for.
 */
final class PortScan {
  static final int PORTS = 65_535;
  private static final int THREADS = 2;
  private static final int SLICE = 4096;

  private PortScan() {}

  /** Returns the ports that accept connections, in order; blocks for a second or so. */
  static List<Integer> of(String address, String from) throws IOException, InterruptedException {
    var target = InetAddress.ofLiteral(address);
    var source = InetAddress.ofLiteral(from);
    var slices = new ArrayList<Callable<List<Integer>>>();
    for (var first = 1; first <= PORTS; first += SLICE) {
      var begin = first;
      var end = Math.min(PORTS, first + SLICE - 1);
      slices.add(() -> open(target, source, begin, end));
    }
    try (var threads = Executors.newFixedThreadPool(THREADS)) {
      var open = new ArrayList<Integer>();
      for (var slice : threads.invokeAll(slices)) {
        open.addAll(slice.get());
      }
      return open;
    } catch (ExecutionException e) {
      throw new IOException("scanning " + address + ": " + e.getCause().getMessage(), e);
    }
  }

  /** Returns those of the ports that accept connections. */
  static List<Integer> of(String address, String from, List<Integer> ports) throws IOException {
    var target = InetAddress.ofLiteral(address);
    var open = new ArrayList<Integer>();
    try (var attempts = ConnectAttempts.from(InetAddress.ofLiteral(from), target)) {
      for (var port : ports) {
        if (attempts.accepts(port)) {
          open.add(port);
        }
      }
    }
    return open;
  }

  private static List<Integer> open(InetAddress target, InetAddress source, int begin, int end)
      throws IOException {
    var open = new ArrayList<Integer>();
    try (var attempts = ConnectAttempts.from(source, target)) {
      for (var port = begin; port <= end; port++) {
        if (attempts.accepts(port)) {
          open.add(port);
        }
      }
    }
    return open;
  }
}
