package io.hubspoke.lab;

import io.hubspoke.runtime.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;

/**
 * The untrusted segment between machines that have a network namespace each: a namespace of its
 * own, where this process is with its wires, and to which every machine has its one cable.
 *
 * <p>It routes nothing. Whatever comes over a cable is delivered here, for whomever it is: to the
 * wire that listens at that address, or refused. What a process here sends, from whatever address,
 * is routed to the machine that has the address it is for. So a wire stands on the true address of
 * what is behind it, and what it passes on comes from the true address of who called.
 */
final class Segment {
  /** Where machines send everything; the same at each cable. */
  private static final String GATEWAY = "169.254.0.1";

  private static final int TABLE = 100;
  private static final String NAME = "hubspoke-%d-";
  private static final Pattern OURS = Pattern.compile("hubspoke-(\\d+)-.*");

  private final String prefix;
  private final AtomicInteger cables = new AtomicInteger();

  /** Shared by those who make machines and processes; whoever ends the run takes it for good. */
  private final ReentrantReadWriteLock making = new ReentrantReadWriteLock();

  private Segment(String prefix) {
    this.prefix = prefix;
  }

  /** The names that namespaces of a run begin with, by the process that it is begun by. */
  static String prefix(long pid) {
    return NAME.formatted(pid);
  }

  /** Makes the namespace for a run; nobody is in it yet. */
  static NetworkNamespace make(String prefix) throws Exception {
    var wire = NetworkNamespace.create(prefix + "wire");
    for (var which : List.of("all", "default")) {
      // What comes in has addresses that are all delivered here, the sender's too.
      wire.sysctl("net.ipv4.conf." + which + ".accept_local", "1");
      wire.sysctl("net.ipv4.conf." + which + ".rp_filter", "0");
    }
    wire.batch(
        List.of(
            "route add local " + RoutedAddresses.ALL + " dev lo table local",
            // Who calls an impostor on loopback in another's name is answered here.
            "rule add pref 5 from 127.0.0.0/8 iif lo lookup local",
            "rule add pref 10 iif lo lookup " + TABLE,
            "rule add pref 20 lookup local",
            "rule del pref 0"));
    return wire;
  }

  /** Enters the segment of a run, in whose namespace this process is already. */
  static Segment entered(String prefix) {
    return new Segment(prefix);
  }

  /**
   * Makes a machine and lays its cable.
   *
   * @param what tells it from others of the run
   * @param observer from where processes here call what is on it, unless they say otherwise
   * @param addresses its own; it calls from the first
   * @param ranges more addresses that are its own, each of a network
   */
  NetworkNamespace attach(String what, String observer, List<String> addresses, List<String> ranges)
      throws IOException {
    return unlessEnded(() -> lay(what, observer, addresses, ranges));
  }

  private NetworkNamespace lay(
      String what, String observer, List<String> addresses, List<String> ranges)
      throws IOException {
    var cable = "m" + cables.incrementAndGet();
    var own = addresses.getFirst();
    var machine = NetworkNamespace.create(prefix + what);
    try {
      var here =
          new ArrayList<>(
              List.of(
                  "link add %s type veth peer name eth0 netns %s".formatted(cable, machine),
                  "address add %s/32 dev %s".formatted(GATEWAY, cable),
                  "link set %s up".formatted(cable)));
      var there = new ArrayList<String>();
      for (var address : addresses) {
        here.add(
            "route add %s/32 dev %s table %d src %s".formatted(address, cable, TABLE, observer));
        there.add("address add %s/32 dev eth0".formatted(address));
      }
      there.add("link set eth0 up");
      there.add("route add default via %s dev eth0 onlink src %s".formatted(GATEWAY, own));
      for (var range : ranges) {
        // The machine answers for each address that is its own.
        here.add("route add %s dev %s table %d src %s".formatted(range, cable, TABLE, observer));
        there.add("route add local %s dev lo".formatted(range));
      }
      NetworkNamespace.batchHere(here);
      machine.batch(there);
      return machine;
    } catch (IOException e) {
      machine.close();
      throw e;
    }
  }

  /** Makes something that has to go with the run. */
  interface Making<T> {
    T make() throws IOException;
  }

  /** Makes something that {@link #end} finds; once that has begun this doesn't return any more. */
  <T> T unlessEnded(Making<T> what) throws IOException {
    making.readLock().lock();
    try {
      return what.make();
    } finally {
      making.readLock().unlock();
    }
  }

  /**
   * Ends what this process has started and what runs on the machines, at once, and removes these.
   * Nothing is made meanwhile or later: this process is expected to end.
   */
  void end() throws IOException {
    making.writeLock().lock();
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    sweep(prefix);
  }

  /** Ends what runs in the namespaces of a run, and removes them. */
  static void sweep(String prefix) throws IOException {
    IOException failure = null;
    for (var left : NetworkNamespace.named(prefix)) {
      try {
        for (var process : left.processes()) {
          if (process.pid() != ProcessHandle.current().pid()) {
            process.destroyForcibly();
          }
        }
        left.close();
      } catch (IOException e) {
        // Somebody else may have removed it meanwhile; the others have to go whatever it was.
        if (left.exists()) {
          failure = e;
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Does so for runs whose process is no more; returns their numbers. */
  static List<Long> sweepDead() throws IOException {
    var dead = new ArrayList<Long>();
    for (var left : NetworkNamespace.named("hubspoke-")) {
      var name = OURS.matcher(left.toString());
      if (name.matches()) {
        var pid = Long.parseLong(name.group(1));
        if (!dead.contains(pid) && ProcessHandle.of(pid).isEmpty()) {
          dead.add(pid);
        }
      }
    }
    for (var pid : dead) {
      sweep(prefix(pid));
    }
    return dead;
  }
}
