package io.hubspoke.lab;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.server.Access;
import io.hubspoke.kubelet.server.AccessLog;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A deployment in another cluster, which runs already: its control plane is taken as it is, but for
 * one thing: the scheduler's and the controller manager's pods are told that the apiserver's name
 * is a wire's address, and so are those of the nodes that the audit makes. Each node is a pod of
 * that cluster. This process is the untrusted segment, in a pod of its own.
 */
final class DeploymentSite implements Site {
  private static final Resource<com.fasterxml.jackson.databind.node.ObjectNode> DEPLOYMENTS =
      Resource.namespaced("apps", "v1", "deployments", Deployment.class).tree();
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final long POLL_MILLIS = 100;

  /** Where the deployment is in the other cluster. */
  record Namespaces(String controlPlane, String nodes) {}

  private final Vertx vertx;
  private final ApiClient outer;
  private final Namespaces namespaces;
  private final DeployedAddresses addresses;
  private final NodePods pods;
  private final Path directory;
  private final Supplier<Identity> administrator;
  private final Map<String, String> callers = new ConcurrentHashMap<>();
  private final Map<String, Integer> numbers = new ConcurrentHashMap<>();
  private final Map<String, List<Access>> accesses = new ConcurrentHashMap<>();
  private final AtomicInteger started = new AtomicInteger();

  /**
   * Knows a deployment.
   *
   * @param outer a client of the cluster that it is in
   * @param directory the mesh's own
   * @param administrator whom kubelets let read their files
   */
  DeploymentSite(
      Vertx vertx,
      ApiClient outer,
      Namespaces namespaces,
      DeployedAddresses addresses,
      NodePods pods,
      Path directory,
      Supplier<Identity> administrator) {
    this.vertx = vertx;
    this.outer = outer;
    this.namespaces = namespaces;
    this.addresses = addresses;
    this.pods = pods;
    this.directory = directory;
    this.administrator = administrator;
  }

  /** Has scheduler and controller manager find the apiserver behind their wires. Blocks. */
  void divert() throws Exception {
    divert(Place.SCHEDULER, addresses.schedulerUplink());
    divert(Place.CONTROLLER_MANAGER, addresses.controllerManagerUplink());
    known(Place.SCHEDULER);
    known(Place.CONTROLLER_MANAGER);
  }

  private void divert(String name, String wire) throws Exception {
    var patch = Json.object();
    var aliases = patch.withObject("/spec/template/spec").putArray("hostAliases");
    aliases.addObject().put("ip", wire).putArray("hostnames").add(addresses.apiserverName());
    patch(name, patch);
  }

  private void patch(String name, com.fasterxml.jackson.databind.node.ObjectNode patch)
      throws Exception {
    Component.await(
        outer.patch(DEPLOYMENTS, namespaces.controlPlane(), name, PatchType.MERGE, patch));
  }

  /** Waits until the pods of before are gone, so that whoever is there has the wire before it. */
  private void known(String name) throws Exception {
    await(
        name + " is rolled out",
        () -> {
          var deployment = Component.await(outer.get(DEPLOYMENTS, namespaces.controlPlane(), name));
          var status = deployment.path("status");
          var wanted = deployment.at("/spec/replicas").asInt(1);
          var running = pods(name);
          var there =
              status.path("observedGeneration").asLong()
                      >= deployment.at("/metadata/generation").asLong()
                  && status.path("updatedReplicas").asInt() == wanted
                  && status.path("availableReplicas").asInt() == wanted
                  && running.size() == wanted;
          if (there) {
            running.forEach(address -> callers.put(address, name));
          }
          return there;
        });
  }

  private List<String> pods(String name) throws Exception {
    var options =
        ListOptions.inNamespace(namespaces.controlPlane())
            .withLabelSelector("app.kubernetes.io/name=" + name);
    var found = new ArrayList<String>();
    for (var pod : Component.await(outer.list(Resource.PODS.tree(), options)).objects()) {
      found.add(pod.at("/status/podIP").asText());
    }
    return found;
  }

  private static void await(String what, Callable<Boolean> seen) throws Exception {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!seen.call()) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException("not after %d s: %s".formatted(PATIENCE.toSeconds(), what));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  @Override
  public Addresses addresses() {
    return addresses;
  }

  @Override
  public Future<Wire> wire(SocketAddress advertised, SocketAddress target) {
    return Wire.open(
        vertx,
        advertised,
        SocketAddress.inetSocketAddress(addresses.boundPort(advertised.host()), "0.0.0.0"),
        target,
        from -> callers.getOrDefault(from, from));
  }

  @Override
  public boolean deployed() {
    return true;
  }

  @Override
  public boolean isolates() {
    return true;
  }

  @Override
  public boolean firewalled() {
    return false;
  }

  @Override
  public void addNode(String name, int n) {
    numbers.put(name, n);
  }

  @Override
  public Future<Void> removeNode(String name) {
    numbers.remove(name);
    accesses.remove(name);
    return Future.succeededFuture();
  }

  /** Starts a node's kubelet; nothing else is missing in a deployment. */
  @Override
  public Future<String> start(Part part) {
    var n = numbers.get(part.place());
    if (n == null) {
      return Future.failedFuture(
          new UnsupportedOperationException("a deployment has its own " + part.place()));
    }
    var id = "audit-node-%d-%d".formatted(n, started.incrementAndGet());
    return vertx.executeBlocking(
        () -> {
          pods.create(id, n, part.command().get());
          await(
              "pod " + id + " runs",
              () -> {
                var pod = pods.get(id);
                var address = pod.at("/status/podIP").asText();
                if (!address.isEmpty()) {
                  callers.put(address, addresses.nodeAdvertises(n));
                }
                return pod.at("/status/containerStatuses/0/state").has("running");
              });
          return id;
        },
        false);
  }

  @Override
  public Future<Void> stop(String id) {
    return vertx.executeBlocking(
        () -> {
          pods.delete(id);
          await("pod " + id + " is gone", () -> pods.get(id).isEmpty());
          return null;
        },
        false);
  }

  /** Whoever asks, asks from this pod. */
  @Override
  public Place at(String machine) {
    return stranger();
  }

  @Override
  public Place stranger() {
    return new OwnPod(vertx, addresses.stranger());
  }

  private record OwnPod(Vertx vertx, String address) implements Place {
    @Override
    public <T> T call(Callable<T> work) throws Exception {
      return work.call();
    }
  }

  /** What it says is in its log. */
  @Override
  public Consumer<Access> listener(String node) {
    return access -> {};
  }

  /**
   * Asks the kubelet itself for its log, past the wires. What was read before holds while it can't
   * ask the apiserver who reads.
   */
  @Override
  public List<Access> accesses(String node) {
    var url =
        "https://%s:%d".formatted(addresses.nodeListens(numbers.get(node)), Addresses.KUBELET_PORT);
    var client =
        new ApiClient(
            vertx,
            ClientConfig.of(
                    url,
                    List.of(administrator.get().certificate()),
                    new Credentials.Certificate(administrator.get()))
                .withInsecureSkipTlsVerify());
    try {
      var copy = Files.createTempFile(directory, "accesses", ".log");
      Files.write(copy, Component.await(client.raw("/logs/" + NodePods.ACCESS_LOG)).getBytes());
      accesses.put(node, AccessLog.read(copy));
      Files.delete(copy);
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
    } finally {
      var unused = client.close();
    }
    return accesses.getOrDefault(node, List.of());
  }

  /** Gives the deployment back as it was. */
  @Override
  public void close() throws IOException {
    try {
      for (var name : List.of(Place.SCHEDULER, Place.CONTROLLER_MANAGER)) {
        var patch = Json.object();
        patch.withObject("/spec/template/spec").putNull("hostAliases");
        patch(name, patch);
      }
    } catch (Exception e) {
      throw new IOException("the deployment's wiring stays altered: " + Component.reason(e), e);
    } finally {
      var unused = outer.close();
    }
  }
}
