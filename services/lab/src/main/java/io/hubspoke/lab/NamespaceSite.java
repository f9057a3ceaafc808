package io.hubspoke.lab;

import io.hubspoke.kubelet.server.Access;
import io.hubspoke.kubelet.server.AccessLog;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.NetworkNamespace;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Components are processes, one each, on machines that have a network namespace each: the
 * apiserver's, the scheduler's, the controller manager's, every node's, and a stranger's. All are
 * joined by a {@link Segment}. Where the control plane is to reach nodes by a tunnel alone, its
 * machines have a firewall that lets nothing else out to them.
 */
final class NamespaceSite implements Site {
  private static final AtomicInteger BLOCKS = new AtomicInteger();
  private static final String STRANGER = "stranger";
  private static final long READY_MILLIS = 120_000;
  private static final long POLL_MILLIS = 20;
  private static final long STOP_SECONDS = 12;

  private final Vertx vertx;
  private final Segment segment;
  private final MeshOptions options;
  private final Path logs;
  private final boolean firewall;
  private final RoutedAddresses addresses;
  private final Map<String, NamespacePlace> machines = new ConcurrentHashMap<>();
  private final Map<String, Process> processes = new ConcurrentHashMap<>();
  private final AtomicInteger started = new AtomicInteger();

  private NamespaceSite(
      Vertx vertx, Segment segment, MeshOptions options, Path logs, boolean firewall) {
    this.vertx = vertx;
    this.segment = segment;
    this.options = options;
    this.logs = logs;
    this.firewall = firewall;
    this.addresses = new RoutedAddresses(BLOCKS.getAndIncrement() % RoutedAddresses.BLOCKS);
  }

  /**
   * Makes the machines but the nodes.
   *
   * @param logs the folder for what components say
   * @param firewall whether firewalls are as the egress wants them; false to see what they are for
   */
  static NamespaceSite make(
      Vertx vertx, Segment segment, MeshOptions options, Path logs, boolean firewall)
      throws IOException {
    var site = new NamespaceSite(vertx, segment, options, logs, firewall);
    try {
      site.make();
      return site;
    } catch (IOException e) {
      site.close();
      throw e;
    }
  }

  private void make() throws IOException {
    Files.createDirectories(logs);
    machine(
        Place.CONTROL_PLANE,
        List.of(addresses.apiserver(), addresses.konnectivityServer()),
        List.of());
    machine(Place.SCHEDULER, List.of(addresses.scheduler()), List.of());
    machine(Place.CONTROLLER_MANAGER, List.of(addresses.controllerManager()), List.of());
    machine(STRANGER, List.of(addresses.stranger()), List.of());
    if (firewalled() && firewall) {
      for (var of : List.of(Place.CONTROL_PLANE, Place.SCHEDULER, Place.CONTROLLER_MANAGER)) {
        machines.get(of).namespace().filter(firewall());
      }
    }
  }

  private NetworkNamespace machine(String name, List<String> own, List<String> ranges)
      throws IOException {
    var made = segment.attach(addresses.block() + "-" + name, addresses.onSegment(), own, ranges);
    machines.put(name, new NamespacePlace(made, own.getFirst()));
    return made;
  }

  /** Agents come in by themselves; to SSH servers the way is open, and to nothing else. */
  private String firewall() {
    return """
    table ip hubspoke-firewall {
      chain out {
        type filter hook output priority filter; policy accept;
        ct state established,related accept
        ip daddr != { %s, %s } accept
        %s
        meta l4proto tcp reject with tcp reset
        reject
      }
    }
    """
        .formatted(
            addresses.nodeRange(),
            addresses.podRange(),
            options.egress() == Egress.SSH ? "tcp dport 22 accept" : "");
  }

  /** What leaves the network of pods comes from their node, as CNI's bridge does it. */
  private String masquerade(String pods) {
    return """
    table ip hubspoke-pods {
      chain out {
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr %s ip daddr != %s masquerade
      }
    }
    """
        .formatted(pods, addresses.podRange());
  }

  @Override
  public Addresses addresses() {
    return addresses;
  }

  @Override
  public Future<Wire> wire(SocketAddress advertised, SocketAddress target) {
    return Wire.open(vertx, advertised, target);
  }

  @Override
  public boolean isolates() {
    return true;
  }

  @Override
  public boolean firewalled() {
    return options.egress() != Egress.DIRECT;
  }

  @Override
  public void addNode(String name, int n) throws IOException {
    var pods = addresses.podCidr(n);
    var node = machine(name, List.of(addresses.nodeAdvertises(n)), List.of(pods));
    node.filter(masquerade(pods));
  }

  @Override
  public Future<Void> removeNode(String name) {
    var node = machines.remove(name);
    return node == null
        ? Future.succeededFuture()
        : vertx.executeBlocking(
            () -> {
              close(node);
              return null;
            });
  }

  private static void close(NamespacePlace machine) throws IOException {
    // Nobody waits: it has no connection that matters any more.
    machine.close().otherwiseEmpty();
    machine.namespace().close();
  }

  @Override
  public Future<String> start(Part part) {
    var command = part.command().get();
    var id =
        "%d-%s-%s-%d"
            .formatted(
                addresses.block(), part.place(), command.getFirst(), started.incrementAndGet());
    var log = logs.resolve(id + ".log");
    return vertx.executeBlocking(
        () -> {
          var line = new ArrayList<>(machines.get(part.place()).namespace().prefix());
          line.addAll(OwnCommand.with(command));
          var process =
              segment.unlessEnded(
                  () ->
                      new ProcessBuilder(line)
                          .redirectErrorStream(true)
                          .redirectOutput(log.toFile())
                          .start());
          process.getOutputStream().close();
          processes.put(id, process);
          var served = part.serves();
          if (served.isPresent()) {
            await(id, process, log, served.get());
          }
          return id;
        },
        false);
  }

  /** Others wait for it to serve, and say otherwise what is wrong. */
  private static void await(String id, Process process, Path log, InetSocketAddress at)
      throws IOException, InterruptedException {
    var deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(READY_MILLIS);
    while (!accepts(at)) {
      if (!process.isAlive()) {
        throw new IOException(id + " ended: " + Files.readString(log).strip());
      }
      if (System.nanoTime() > deadline) {
        throw new IOException("%s doesn't serve at %s after %d ms".formatted(id, at, READY_MILLIS));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  private static boolean accepts(InetSocketAddress at) {
    try (var socket = new Socket()) {
      socket.connect(at);
      return true;
    } catch (IOException notYet) {
      return false;
    }
  }

  @Override
  public Future<Void> stop(String id) {
    var process = processes.remove(id);
    if (process == null) {
      return Future.succeededFuture();
    }
    var ended = Promise.<Void>promise();
    process.destroy();
    var timer =
        vertx.setTimer(TimeUnit.SECONDS.toMillis(STOP_SECONDS), late -> process.destroyForcibly());
    var unused =
        process
            .onExit()
            .thenRun(
                () -> {
                  vertx.cancelTimer(timer);
                  ended.complete();
                });
    return ended.future();
  }

  @Override
  public Place at(String machine) {
    return machines.get(machine);
  }

  @Override
  public Place stranger() {
    return machines.get(STRANGER);
  }

  /** What it says is in its log. */
  @Override
  public Consumer<Access> listener(String node) {
    return access -> {};
  }

  @Override
  public List<Access> accesses(String node) {
    return AccessLog.read(
        CommandLines.accessLog(options.directory().resolve("nodes").resolve(node)));
  }

  @Override
  public void close() throws IOException {
    processes.values().forEach(Process::destroyForcibly);
    for (var machine : machines.values()) {
      close(machine);
    }
    machines.clear();
  }
}
