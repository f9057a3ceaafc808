package io.hubspoke.lab;

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
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
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
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration LOG_PATIENCE = Duration.ofSeconds(10);
  private static final long POLL_MILLIS = 100;

  /** The Secret of what the apiserver has. */
  private static final String APISERVER = "apiserver";

  /** What an apiserver may take that gets through. */
  private static final int PROXY_SECONDS = 15;

  /** What is in a pod beside a kubelet. */
  private static final String BESIDE = "beside";

  /** Where the deployment is in the other cluster. */
  record Namespaces(String controlPlane, String nodes) {}

  private final Vertx vertx;
  private final ApiClient outer;
  private final Namespaces namespaces;
  private final DeployedAddresses addresses;
  private final NodePods pods;
  private final Path directory;
  private final Supplier<Identity> administrator;
  private final Diversion diversion;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Map<String, String> callers = new ConcurrentHashMap<>();
  private final Map<String, Integer> numbers = new ConcurrentHashMap<>();
  private final Map<Integer, List<List<String>>> beside = new ConcurrentHashMap<>();
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
    this.diversion = new Diversion(outer, namespaces.controlPlane());
    addresses.apiservers().forEach(pod -> callers.put(pod, addresses.apiserver()));
  }

  /** Has scheduler and controller manager find the apiserver behind their wires. Blocks. */
  void divert() throws Exception {
    var host = addresses.apiserverName();
    diversion.divert(Place.SCHEDULER, host, addresses.schedulerUplink());
    diversion.divert(Place.CONTROLLER_MANAGER, host, addresses.controllerManagerUplink());
    awaitRollouts();
  }

  /** Has them find it as before, soon; {@link #close} waits until they do. Blocks. */
  void restore() throws IOException {
    diversion.restore();
  }

  /** Waits until the pods of before are gone, so that who is there goes the way that is meant. */
  private void awaitRollouts() throws Exception {
    for (var name : diversion.names()) {
      await(
          name + " is rolled out",
          () -> {
            var running = diversion.rolledOut(name);
            running.ifPresent(
                those -> {
                  forget(name);
                  those.forEach(address -> callers.put(address, name));
                });
            return running.isPresent();
          });
    }
  }

  /** The other cluster may give addresses of pods that are gone to others. */
  private void forget(String caller) {
    callers.values().removeIf(caller::equals);
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

  DeployedAddresses deployedAddresses() {
    return addresses;
  }

  @Override
  public Future<Wire> wire(SocketAddress advertised, SocketAddress target) {
    return Wire.open(
        vertx,
        advertised,
        SocketAddress.inetSocketAddress(addresses.boundPort(advertised), "0.0.0.0"),
        target,
        from -> callers.getOrDefault(from, from));
  }

  @Override
  public boolean deployed() {
    return true;
  }

  @Override
  public String strangersUrl() {
    return addresses.strangersUrl();
  }

  @Override
  public Map<String, String> controlPlanePods() throws Exception {
    var found = new TreeMap<String, String>();
    var listed =
        outer.list(Resource.PODS.tree(), ListOptions.inNamespace(namespaces.controlPlane()));
    for (var pod : Component.await(listed).objects()) {
      if (pod.at("/status/phase").asText().equals("Running")) {
        found.put(
            pod.at("/status/podIP").asText(),
            pod.at("/metadata/labels/app.kubernetes.io~1name").asText());
      }
    }
    return found;
  }

  /** Has the other cluster's apiserver try a port of this pod that no policy lets it in at. */
  @Override
  public boolean enforcesPolicies() throws InterruptedException {
    var port = addresses.boundPort(SocketAddress.inetSocketAddress(0, addresses.nodesUplink()));
    var path =
        "%s/proxy/livez"
            .formatted(
                Resource.PODS.path(
                    namespaces.nodes(), "https:%s:%d".formatted(pods.owner().getKey(), port)));
    try {
      Component.await(outer.raw(path).timeout(PROXY_SECONDS, TimeUnit.SECONDS));
      return false;
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception notLetThrough) {
      return true;
    }
  }

  /** Those are in a Secret, whose mount its kubelet brings up to date after a while. */
  @Override
  public void renew(CertificateRenewal renewal, Path certificate, Path key) throws Exception {
    // Like the one that is there now.
    fetch(certificate);
    renewal.pair(certificate, key);
    var patch = Json.object();
    var data = patch.putObject("data");
    for (var file : List.of(certificate, key)) {
      data.put(name(file), Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
    }
    Component.await(
        outer.patch(
            Resource.SECRETS.tree(), namespaces.controlPlane(), APISERVER, PatchType.MERGE, patch));
  }

  @Override
  public X509Certificate certificate(Path file) throws Exception {
    fetch(file);
    return Pem.readCertificates(file).getFirst();
  }

  private void fetch(Path file) throws Exception {
    var secret =
        Component.await(outer.get(Resource.SECRETS.tree(), namespaces.controlPlane(), APISERVER));
    Files.write(file, Base64.getDecoder().decode(secret.path("data").path(name(file)).asText()));
  }

  private static String name(Path file) {
    return file.getFileName().toString();
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
    var n = numbers.remove(name);
    if (n != null) {
      forget(addresses.nodeAdvertises(n));
    }
    return Future.succeededFuture();
  }

  /**
   * Starts a node's kubelet, and with it, in the same pod, what was to start there before: nothing
   * else is missing in a deployment.
   */
  @Override
  public Future<String> start(Part part) {
    var n = numbers.get(part.place());
    if (n == null) {
      return Future.failedFuture(
          new UnsupportedOperationException("a deployment has its own " + part.place()));
    }
    var command = part.command().get();
    if (!command.getFirst().equals("kubelet")) {
      beside.computeIfAbsent(n, k -> new CopyOnWriteArrayList<>()).add(command);
      return Future.succeededFuture(BESIDE);
    }
    var commands = new ArrayList<>(List.of(command));
    commands.addAll(Objects.requireNonNullElse(beside.remove(n), List.of()));
    var id = "audit-node-%d-%d".formatted(n, started.incrementAndGet());
    return vertx.executeBlocking(
        () -> {
          forget(addresses.nodeAdvertises(n));
          try {
            pods.create(id, n, commands);
            await("pod " + id + " runs", () -> isRunning(id, n));
          } catch (Exception e) {
            // Among its files is a node's key.
            try {
              pods.delete(id);
            } catch (Exception left) {
              e.addSuppressed(left);
            }
            throw e;
          }
          return id;
        },
        false);
  }

  private boolean isRunning(String id, int n) throws Exception {
    var pod = pods.get(id);
    var address = pod.at("/status/podIP").asText();
    if (!address.isEmpty()) {
      callers.put(address, addresses.nodeAdvertises(n));
    }
    var containers = pod.at("/status/containerStatuses");
    if (containers.size() < pod.at("/spec/containers").size()) {
      return false;
    }
    for (var container : containers) {
      if (!container.path("state").has("running")) {
        return false;
      }
    }
    return !containers.isEmpty();
  }

  @Override
  public Future<Void> stop(String id) {
    if (id.equals(BESIDE)) {
      // It goes with its kubelet.
      return Future.succeededFuture();
    }
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
   * Asks the kubelet itself for its log, past the wires; again for a while, since it asks the
   * apiserver in turn who reads, across one.
   *
   * @throws IllegalStateException when it doesn't say
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
    var deadline = System.nanoTime() + LOG_PATIENCE.toNanos();
    try {
      while (true) {
        try {
          return accesses(client);
        } catch (InterruptedException e) {
          throw e;
        } catch (Exception e) {
          if (System.nanoTime() > deadline) {
            throw e;
          }
          TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (Exception e) {
      throw new IllegalStateException(
          "%s doesn't say who called it: %s".formatted(node, Component.reason(e)), e);
    } finally {
      var unused = client.close();
    }
  }

  private List<Access> accesses(ApiClient kubelet) throws Exception {
    var log = Component.await(kubelet.raw("/logs/" + NodePods.ACCESS_LOG));
    var copy = Files.createTempFile(directory, "accesses", ".log");
    try {
      Files.write(copy, log.getBytes());
      return AccessLog.read(copy);
    } finally {
      Files.delete(copy);
    }
  }

  /** Gives the deployment back as it was, and waits for its pods; a second time is for nothing. */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      restore();
      awaitRollouts();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new IOException(
          "the deployment has its wiring back, but not yet its pods: " + Component.reason(e), e);
    } finally {
      var unused = outer.close();
    }
  }
}
