package io.hubspoke.lab;

import io.fabric8.kubernetes.api.model.Node;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.store.MemoryStore;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.server.Access;
import io.hubspoke.lab.images.ApiClientImage;
import io.hubspoke.lab.images.KonnectivityAgentImage;
import io.hubspoke.lab.images.WebhookImage;
import io.hubspoke.lab.wire.Forger;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import io.hubspoke.scheduler.Scheduler;
import io.hubspoke.tokens.TokenSigner;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/**
 * A control plane and its nodes, with a wire on each address that one side of the hub advertises to
 * the other: in this JVM, or wherever its site runs components. Methods block: call them from the
 * main or a virtual thread.
 */
public final class Mesh {
  private static final Duration TOKEN_LIFE = Duration.ofHours(24);
  private static final long POLL_MILLIS = 20;
  private static final long CLOSE_MILLIS = 1500;

  /** Where an apiserver beside the mesh's own serves. */
  private static final int BESIDE_PORT = 6444;

  /** A node of the mesh, and the wire on the address that it advertises. */
  public record MeshNode(String name, String advertises, int port, Wire wire, String deployment) {}

  private final Vertx vertx;
  private final MeshOptions options;
  private final DirectoryLock lock;
  private final Site site;
  private final Addresses addresses;
  private final ClusterFiles files;
  private final MeshComponents components;
  private final NodeProxies proxies;
  private final Tunnels tunnels;
  private final MeshApiserver apiserver;
  private final ApiClient admin;
  private final Map<String, MeshNode> nodes = new ConcurrentHashMap<>();
  private final Deque<String> deployments = new ArrayDeque<>();
  private Wire nodesUplink;
  private Wire schedulerUplink;
  private Wire controllerManagerUplink;
  private ControllerManager controllerManager;
  private Scheduler scheduler;

  private Mesh(
      Vertx vertx, MeshOptions options, DirectoryLock lock, Site site, ClusterFiles files) {
    this.vertx = vertx;
    this.options = options;
    this.lock = lock;
    this.site = site;
    this.addresses = site.addresses();
    this.files = files;
    this.components = new MeshComponents(options, addresses, files);
    this.proxies = new NodeProxies(site, components, files);
    this.tunnels = Tunnels.of(vertx, site, components);
    this.apiserver = new MeshApiserver(site, () -> components.apiserver(tunnels.egress()));
    this.admin =
        new ApiClient(
            vertx,
            files
                .administrator(addresses.apiserverUrl())
                .withKubeconfig(files.kubeconfig("admin"))
                .withUserAgent("hubspoke-lab"));
  }

  /** Starts a mesh in this JVM; what had started is stopped again when something fails. */
  public static Mesh start(Vertx vertx, MeshOptions options) throws Exception {
    return start(vertx, options, () -> LoopbackSite.claim(vertx));
  }

  /** Starts a mesh on a site, which is closed with it. */
  static Mesh start(Vertx vertx, MeshOptions options, Callable<? extends Site> sites)
      throws Exception {
    return start(vertx, options, sites, Mesh::start);
  }

  private static Mesh start(
      Vertx vertx, MeshOptions options, Callable<? extends Site> sites, Starting starting)
      throws Exception {
    var lock = DirectoryLock.of(options.directory());
    Site site = null;
    Mesh mesh;
    try {
      site = sites.call();
      var files =
          ClusterFiles.write(options.directory(), ControlPlaneEndpoints.of(site.addresses()));
      mesh = new Mesh(vertx, options, lock, site, files);
    } catch (Exception e) {
      lock.close();
      if (site != null) {
        site.close();
      }
      throw e;
    }
    try {
      starting.begin(mesh);
      return mesh;
    } catch (Exception e) {
      mesh.stop();
      throw e;
    }
  }

  /**
   * Takes part in a deployment that runs already, as its site finds it: makes the wires, and nodes
   * of its own beside those that are there.
   *
   * @param nodes which certificate each of them begins with, by name
   */
  static Mesh attach(
      Vertx vertx, MeshOptions options, Site site, Map<String, CertificateProfile> nodes)
      throws Exception {
    return start(
        vertx,
        options,
        () -> site,
        mesh -> {
          mesh.openUplinks();
          mesh.tunnels.open();
          Component.await(mesh.tunnels.publish(mesh.admin));
          var n = 0;
          for (var node : nodes.entrySet()) {
            var identity = mesh.issue(node.getValue());
            Component.await(mesh.addNode(node.getKey(), ++n, identity, UnaryOperator.identity()));
          }
        });
  }

  /** What is done once files and clients are there. */
  private interface Starting {
    void begin(Mesh mesh) throws Exception;
  }

  private void openUplinks() throws Exception {
    nodesUplink = uplink(addresses.nodesUplink());
    schedulerUplink = uplink(addresses.schedulerUplink());
    controllerManagerUplink = uplink(addresses.controllerManagerUplink());
  }

  private void start() throws Exception {
    openUplinks();
    tunnels.open();
    apiserver.start();
    var carried = tunnels.publish(admin);
    var published = components.publication().publish(admin);
    var token = createToken(Instant.now().plus(TOKEN_LIFE));
    var bootstrap =
        files.bootstrapKubeconfig("bootstrap-kubelet.kubeconfig", components.nodeCluster(), token);
    var addon = proxies.create(admin);
    var starting = new ArrayList<Future<String>>();
    for (var n = 1; n <= options.nodes(); n++) {
      starting.add(deployNode("node-" + n, n, bootstrap, UnaryOperator.identity()));
    }
    var managing = components.controllerManager();
    controllerManager = new ControllerManager(managing);
    var scheduling = components.scheduler();
    scheduler = new Scheduler(scheduling);
    var controllers =
        List.of(
            site.start(Part.of(managing, controllerManager)),
            site.start(Part.of(scheduling, scheduler)));
    for (var controller : controllers) {
      deployments.add(Component.await(controller));
    }
    for (var node : starting) {
      Component.await(node);
    }
    Component.await(published);
    Component.await(carried);
    Component.await(addon);
  }

  private Wire uplink(String address) throws Exception {
    return Component.await(
        site.wire(
            SocketAddress.inetSocketAddress(Addresses.API_PORT, address),
            SocketAddress.inetSocketAddress(Addresses.API_PORT, addresses.apiserver())));
  }

  private Future<String> deployNode(
      String name, int n, Path bootstrap, UnaryOperator<KubeletOptions.Builder> change)
      throws IOException {
    var directory = files.node(name);
    moveServer(directory);
    Files.createDirectories(directory);
    site.addNode(name, n);
    proxies.expect(name, n);
    var kubelet =
        tunnels
            .kubelet(name, components.kubelet(name, n, bootstrap))
            .inProcessImages(images())
            .accessListener(site.listener(name));
    var built = options.changes().kubelet().apply(change.apply(kubelet)).build();
    return site.wire(
            SocketAddress.inetSocketAddress(Addresses.KUBELET_PORT, addresses.nodeAdvertises(n)),
            SocketAddress.inetSocketAddress(Addresses.KUBELET_PORT, addresses.nodeListens(n)))
        .compose(
            wire ->
                tunnels
                    .start(name, n)
                    .compose(v -> site.start(Part.of(built)))
                    .onSuccess(
                        id ->
                            nodes.put(
                                name,
                                new MeshNode(
                                    name,
                                    addresses.nodeAdvertises(n),
                                    Addresses.KUBELET_PORT,
                                    wire,
                                    id)))
                    .onFailure(e -> wire.close()))
        .compose(id -> proxies.start(name, n).map(id));
  }

  /** What nodes' runtimes have beside their own images. */
  private List<InProcessImage> images() {
    return List.of(
        proxies.image(),
        ApiClientImage.of(options.changes().pods()),
        WebhookImage.image(),
        KonnectivityAgentImage.image());
  }

  /** Tells a node that has joined before where the apiserver is now; who it is stays. */
  private void moveServer(Path directory) throws IOException {
    var file = directory.resolve("kubelet.kubeconfig");
    if (!Files.exists(file)) {
      return;
    }
    var known = Kubeconfig.read(file);
    if (!known.cluster().server().equals(Addresses.url(addresses.nodesUplink()))) {
      Kubeconfig.of("default-cluster", components.nodeCluster(), "default-auth", known.user())
          .write(file);
      // What it served with names the address that it had.
      for (var served : List.of("kubelet-server-current.pem", "kubelet.crt", "kubelet.key")) {
        Files.deleteIfExists(directory.resolve("pki").resolve(served));
      }
    }
  }

  /** Starts one more node, which joins with a token of its own. */
  public Future<MeshNode> addNode(
      String name, int n, BootstrapToken token, UnaryOperator<KubeletOptions.Builder> change)
      throws IOException {
    var bootstrap =
        files.bootstrapKubeconfig(
            "bootstrap-" + name + ".kubeconfig", components.nodeCluster(), token);
    return deployNode(name, n, bootstrap, change).map(id -> nodes.get(name));
  }

  /** Starts one more node, which has the certificate already that joining would get it. */
  public Future<MeshNode> addNode(
      String name, int n, Identity identity, UnaryOperator<KubeletOptions.Builder> change)
      throws IOException {
    var directory = files.node(name);
    Files.createDirectories(directory);
    Kubeconfig.of(
            "default-cluster",
            components.nodeCluster(),
            "default-auth",
            Kubeconfig.User.of(identity))
        .write(directory.resolve("kubelet.kubeconfig"));
    return deployNode(name, n, null, change).map(id -> nodes.get(name));
  }

  /** Stops a node's kubelet and takes the node out of the API. */
  public void removeNode(String name) throws Exception {
    var node = nodes.remove(name);
    if (node != null) {
      await(proxies.stop(name));
      await(site.stop(node.deployment()));
      await(tunnels.stop(name));
      await(node.wire().close());
      await(site.removeNode(name));
      await(admin.delete(Resource.NODES, "", name, DeleteOptions.DEFAULT));
    }
  }

  /** Makes a bootstrap token valid. */
  public BootstrapToken createToken(Instant expiration) throws Exception {
    var token = BootstrapToken.create(expiration);
    Component.await(admin.create(Resource.SECRETS, "kube-system", token.object()));
    return token;
  }

  /** Waits until all nodes of the mesh are Ready in the API, which may have others beside them. */
  public void awaitReady(Duration limit) throws Exception {
    var deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      var ready =
          Component.await(admin.list(Resource.NODES, ListOptions.ALL)).objects().stream()
              .filter(node -> nodes.containsKey(node.getMetadata().getName()))
              .filter(Mesh::isReady)
              .count();
      if (ready >= nodes.size() && reached() >= nodes.size()) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "%d of %d nodes are ready after %d s"
                .formatted(ready, nodes.size(), limit.toSeconds()));
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  /** How many nodes the control plane gets to; a tunnel is there later than its node. */
  private int reached() throws Exception {
    if (options.egress() == Egress.DIRECT) {
      return nodes.size();
    }
    var asked =
        nodes.keySet().stream()
            .map(name -> admin.raw("/api/v1/nodes/%s/proxy/healthz".formatted(name)))
            .map(answer -> answer.map(1).otherwise(0))
            .toList();
    Component.await(Future.join(asked));
    return asked.stream().mapToInt(Future::result).sum();
  }

  private static boolean isReady(Node node) {
    return node.getStatus() != null
        && node.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  /** Stops the components in reverse order, then the wires. */
  public void stop() throws Exception {
    await(proxies.stop());
    await(Future.join(nodes.values().stream().map(n -> site.stop(n.deployment())).toList()));
    await(proxies.close());
    for (var deployment : deployments.reversed()) {
      await(site.stop(deployment));
    }
    await(apiserver.close());
    await(tunnels.close());
    for (var node : nodes.values()) {
      await(node.wire().close());
    }
    for (var wire : new Wire[] {nodesUplink, schedulerUplink, controllerManagerUplink}) {
      if (wire != null) {
        await(wire.close());
      }
    }
    await(admin.close());
    try {
      site.close();
    } finally {
      lock.close();
    }
  }

  /**
   * Closes what meshes ran on; threads that are still winding down have a moment, since nothing
   * they hold outlives the process.
   */
  static void close(Vertx vertx) throws Exception {
    try {
      vertx
          .close()
          .toCompletionStage()
          .toCompletableFuture()
          .get(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      // Vert.x waits for virtual threads for ten seconds.
    }
  }

  /** Goes on stopping when one part is gone already. */
  private static void await(Future<?> stopping) throws Exception {
    Component.await(stopping.<Void>mapEmpty().otherwiseEmpty());
  }

  public Vertx vertx() {
    return vertx;
  }

  public MeshOptions options() {
    return options;
  }

  public Addresses addresses() {
    return addresses;
  }

  /** A client with every right, that doesn't cross the wire. */
  public ApiClient admin() {
    return admin;
  }

  /** The administrator's kubeconfig. */
  public Path adminKubeconfig() {
    return files.kubeconfig("admin");
  }

  /** The administrator's own certificate. */
  public Identity adminIdentity() {
    return files.admin();
  }

  /** The scheduler's certificate. */
  public Identity schedulerIdentity() {
    return files.scheduler();
  }

  /** The controller manager's certificate. */
  public Identity controllerManagerIdentity() {
    return files.controllerManager();
  }

  /** What carries the control plane's connections to nodes. */
  public Tunnels tunnels() {
    return tunnels;
  }

  /** What an interceptor on a tunnel has: nobody's authority, unless the cluster's has leaked. */
  public Forger forger() {
    return options.changes().tunnels().keysLeaked()
        ? ForeignAuthority.leaked(files.ca())
        : ForeignAuthority.create();
  }

  /** What kube-proxies of this mesh are. */
  public MeshOptions.KubeProxyMode kubeProxy() {
    return proxies.mode();
  }

  /** Ends a node's kube-proxy that is a process of its host, and starts it again. */
  public void restartKubeProxy(String node) throws Exception {
    Component.await(proxies.restart(node));
  }

  /** Issues a client certificate as the cluster's authority would, however short its life. */
  public Identity issue(CertificateProfile profile) {
    return files.ca().issue(profile);
  }

  /** What the apiserver is to serve with now. */
  public X509Certificate servingCertificate() throws Exception {
    return site.certificate(files.servingCertificate());
  }

  /** What the apiserver is to show to kubelets now. */
  public X509Certificate kubeletClientCertificate() throws Exception {
    return site.certificate(files.kubeletClientCertificate());
  }

  /** Puts another serving certificate where the apiserver looks for it. */
  public void renewServing() throws Exception {
    site.renew(files.renewal(), files.servingCertificate(), files.servingKey());
  }

  /** Puts another certificate for kubelets where the apiserver looks for it. */
  public void renewKubeletClient() throws Exception {
    site.renew(files.renewal(), files.kubeletClientCertificate(), files.kubeletClientKey());
  }

  /** What nodes and their pods are told of the apiserver. */
  public Kubeconfig.Cluster pointOfView() {
    return components.nodeCluster();
  }

  /** Signs tokens of service accounts as the apiserver does, whatever they say. */
  public TokenSigner tokenSigner() throws IOException {
    return new TokenSigner(vertx, Pem.readPrivateKey(files.serviceAccountKey()));
  }

  /** The mesh's own apiserver. */
  public MeshApiserver apiserver() {
    return apiserver;
  }

  /** An apiserver beside the mesh's own. */
  public record Beside(String url, String deployment) {}

  /** Starts a second apiserver, with the same files and nothing in its store. */
  public Beside deployBeside(UnaryOperator<ApiserverOptions> change) throws Exception {
    var options = components.apiserver(tunnels.egress());
    var serving = options.serving();
    var beside =
        change.apply(
            options.with(
                new ApiserverOptions.Serving(
                    serving.bindAddress(),
                    BESIDE_PORT,
                    serving.tlsCertFile(),
                    serving.tlsPrivateKeyFile())));
    var clock = Clock.systemUTC();
    var deployment =
        Component.await(site.start(Part.of(beside, MemoryStore.afterOthers(clock), clock)));
    return new Beside("https://%s:%d".formatted(serving.bindAddress(), BESIDE_PORT), deployment);
  }

  /** Ends an apiserver beside the mesh's own. */
  public void end(Beside beside) throws Exception {
    Component.await(site.stop(beside.deployment()));
  }

  /** The cluster's authority. */
  public X509Certificate authority() {
    return files.ca().certificate();
  }

  /** A node's directory, with its kubeconfig. */
  public Path nodeDirectory(String name) {
    return files.node(name);
  }

  /** The nodes by name. */
  public Map<String, MeshNode> nodes() {
    return Map.copyOf(nodes);
  }

  /** The requests that a node's kubelet says it answered, the oldest first. */
  public List<Access> accesses(String node) {
    return site.accesses(node);
  }

  /** Somebody on a machine of the mesh: a node's, or one of those that {@link Place} names. */
  public Place at(String machine) {
    return site.at(machine);
  }

  /** Somebody on the nodes' network who is no node. */
  public Place stranger() {
    return site.stranger();
  }

  /** Whether nodes have a network each, as real ones do. */
  public boolean isolates() {
    return site.isolates();
  }

  /** Whether the control plane was there before; see {@link Site#deployed}. */
  public boolean deployed() {
    return site.deployed();
  }

  /** The pods of a deployed control plane: which component each address is of. */
  public Map<String, String> controlPlanePods() throws Exception {
    return site.controlPlanePods();
  }

  /** Whether network policies are kept to; see {@link Site#enforcesPolicies}. */
  public boolean enforcesPolicies() throws Exception {
    return site.enforcesPolicies();
  }

  /** Whether a firewall keeps the control plane from opening connections to nodes. */
  public boolean firewalled() {
    return site.firewalled();
  }

  /** Where the controller manager serves its health and metrics, in this JVM: on loopback only. */
  public String controllerManagerHealth() {
    return "https://127.0.0.1:" + controllerManager.port();
  }

  /** Where the scheduler serves its health and metrics, in this JVM: on loopback only. */
  public String schedulerHealth() {
    return "https://127.0.0.1:" + scheduler.port();
  }

  /** Opens a wire from an address that one side advertises to where the other listens. */
  public Future<Wire> wire(SocketAddress advertised, SocketAddress target) {
    return site.wire(advertised, target);
  }

  /** Where somebody on the nodes' network who is no node finds the wire before the apiserver. */
  public String strangersUrl() {
    return site.strangersUrl();
  }

  /** Whether a tunnel ends on the machine that it leads to, with no wire behind its end. */
  public boolean tunnelsEndOnNodes() {
    return site.isolates() && !site.deployed();
  }

  /** The wire between nodes and the apiserver. */
  public Wire nodesUplink() {
    return nodesUplink;
  }

  /** The wire between the scheduler and the apiserver. */
  public Wire schedulerUplink() {
    return schedulerUplink;
  }

  /** The wire between the controller manager and the apiserver. */
  public Wire controllerManagerUplink() {
    return controllerManagerUplink;
  }
}
