package io.hubspoke.lab;

import io.hubspoke.kubelet.server.Access;
import io.hubspoke.lab.wire.Wire;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Components are verticles of this JVM, and tell each other apart by addresses of loopback. */
final class LoopbackSite implements Site {
  private static final int ACCESSES_KEPT = 1024;

  private final Vertx vertx;
  private final AddressClaim claim;
  private final Map<String, String> nodes = new ConcurrentHashMap<>();
  private final Map<String, ArrayBlockingQueue<Access>> accesses = new ConcurrentHashMap<>();

  private LoopbackSite(Vertx vertx, AddressClaim claim) {
    this.vertx = vertx;
    this.claim = claim;
  }

  /**
   * Takes the first addresses that are free.
   *
   * @throws IOException when none are
   */
  static LoopbackSite claim(Vertx vertx) throws IOException {
    return new LoopbackSite(vertx, AddressClaim.first());
  }

  /** Takes addresses that were claimed for it. */
  static LoopbackSite of(Vertx vertx, AddressClaim claim) {
    return new LoopbackSite(vertx, claim);
  }

  @Override
  public Addresses addresses() {
    return claim.addresses();
  }

  @Override
  public Future<Wire> wire(SocketAddress advertised, SocketAddress target) {
    return Wire.open(vertx, advertised, target);
  }

  @Override
  public boolean isolates() {
    return false;
  }

  @Override
  public boolean firewalled() {
    return false;
  }

  @Override
  public void addNode(String name, int n) {
    nodes.put(name, addresses().nodeAdvertises(n));
  }

  @Override
  public Future<Void> removeNode(String name) {
    nodes.remove(name);
    return Future.succeededFuture();
  }

  @Override
  public Future<String> start(Part part) {
    return vertx.deployVerticle(part.verticle().get());
  }

  @Override
  public Future<Void> stop(String id) {
    return vertx.undeploy(id);
  }

  @Override
  public Place at(String machine) {
    return new Here(
        vertx,
        switch (machine) {
          case Place.CONTROL_PLANE -> addresses().apiserver();
          case Place.SCHEDULER -> addresses().scheduler();
          case Place.CONTROLLER_MANAGER -> addresses().controllerManager();
          default -> nodes.get(machine);
        });
  }

  @Override
  public Place stranger() {
    return new Here(vertx, addresses().stranger());
  }

  /** All is on this machine: whoever binds an address is there. */
  private record Here(Vertx vertx, String address) implements Place {
    @Override
    public <T> T call(Callable<T> work) throws Exception {
      return work.call();
    }
  }

  @Override
  public Consumer<Access> listener(String node) {
    var seen = accesses.computeIfAbsent(node, k -> new ArrayBlockingQueue<>(ACCESSES_KEPT));
    return access -> {
      while (!seen.offer(access)) {
        seen.poll();
      }
    };
  }

  @Override
  public List<Access> accesses(String node) {
    var seen = accesses.get(node);
    return seen == null ? List.of() : List.copyOf(seen);
  }

  @Override
  public void close() throws IOException {
    claim.close();
  }
}
