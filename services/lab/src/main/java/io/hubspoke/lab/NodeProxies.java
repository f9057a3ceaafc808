package io.hubspoke.lab;

import io.hubspoke.api.AddressRange;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.ProxierFactory;
import io.hubspoke.kubeproxy.Proxiers;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.kubeproxy.userspace.ServiceListeners;
import io.hubspoke.kubeproxy.userspace.SharedListeners;
import io.hubspoke.lab.images.KubeProxies;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.vertx.core.Future;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The kube-proxies of a mesh's nodes: pods of a DaemonSet, as kubeadm has them, or processes of
 * their hosts with a client certificate each.
 */
final class NodeProxies {
  /** The user that a kube-proxy outside of pods is ("Kubernetes documentation, RBAC"). */
  static final String USER = "system:kube-proxy";

  private final Site site;
  private final MeshOptions.KubeProxyMode mode;
  private final MeshComponents components;
  private final Addresses addresses;
  private final ClusterFiles files;
  private final KubeProxies proxies;

  /** Where nodes share a network, each service's address is bound once for all. */
  private final SharedListeners listeners = new SharedListeners(ServiceListeners.create());

  /** Addresses that connections of a node and its pods come from, by node. */
  private final Map<String, List<AddressRange>> sources = new ConcurrentHashMap<>();

  /** Those on hosts, by node. */
  private final Map<String, OnHost> onHosts = new ConcurrentHashMap<>();

  private record OnHost(KubeProxyOptions options, String deployment) {}

  NodeProxies(Site site, MeshComponents components, ClusterFiles files) {
    this.site = site;
    this.components = components;
    this.addresses = site.addresses();
    this.files = files;
    this.mode = mode(components);
    this.proxies = new KubeProxies(files.kubeProxies(), this::proxiers, false);
  }

  private ProxierFactory proxiers(String node) {
    return Proxiers.listening(() -> listeners.of(node, sources.getOrDefault(node, List.of())));
  }

  /** Tells where connections of a node come from; before its kube-proxy starts. */
  void expect(String node, int n) {
    sources.put(
        node,
        List.of(
            AddressRange.parse(addresses.nodeAdvertises(n) + "/32"),
            AddressRange.parse(addresses.nodeListens(n) + "/32"),
            AddressRange.parse(addresses.podCidr(n))));
  }

  /** Only in-process runtimes have the image: nobody can pull it for the others. */
  private static MeshOptions.KubeProxyMode mode(MeshComponents components) {
    var wanted = components.options().kubeProxy();
    return wanted == MeshOptions.KubeProxyMode.DAEMON_SET
            && !(components.containerRuntimeEndpoint() instanceof RuntimeEndpoint.InProcess)
        ? MeshOptions.KubeProxyMode.HOST_PROCESS
        : wanted;
  }

  MeshOptions.KubeProxyMode mode() {
    return mode;
  }

  /** The image that nodes' kubelets must have. */
  InProcessImage image() {
    return proxies.image();
  }

  /** Makes the objects that the mode needs. */
  Future<Void> create(ApiClient admin) {
    return mode == MeshOptions.KubeProxyMode.DAEMON_SET
        ? new KubeProxyAddon(components.nodeCluster(), addresses.podRange(), forwarding())
            .create(admin)
        : Future.succeededFuture();
  }

  /** Starts a node's own, where it is none of its pods. */
  Future<Void> start(String node, int n) {
    if (mode != MeshOptions.KubeProxyMode.HOST_PROCESS) {
      return Future.succeededFuture();
    }
    try {
      return start(node, options(node, n));
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
  }

  private Future<Void> start(String node, KubeProxyOptions options) {
    return site.start(Part.of(options, () -> proxies.make(options)))
        .onSuccess(id -> onHosts.put(node, new OnHost(options, id)))
        .mapEmpty();
  }

  private KubeProxyOptions options(String node, int n) throws IOException {
    var directory = files.node(node);
    Files.createDirectories(directory);
    var kubeconfig = directory.resolve("kube-proxy.kubeconfig");
    Kubeconfig.of("hubspoke", components.nodeCluster(), USER, Kubeconfig.User.of(identity()))
        .write(kubeconfig);
    var advertises = addresses.nodeAdvertises(n);
    var listens = components.options().wiredPods() ? addresses.nodeListens(n) : advertises;
    var client =
        ClientConfig.read(kubeconfig)
            .withLocalAddress(advertises)
            .withUserAgent("kube-proxy/v1.33.0");
    return KubeProxyOptions.of(client, node)
        .withMode(forwarding())
        .withBindAddress(advertises)
        .withClusterCidr(addresses.podRange())
        .withServing(
            SocketAddress.inetSocketAddress(KubeProxyOptions.HEALTHZ_PORT, listens), metrics());
  }

  /** The packet filter would be all nodes', where they share the machine's network. */
  private ProxyMode forwarding() {
    return site.isolates() ? ProxyMode.NFTABLES : ProxyMode.USERSPACE;
  }

  /** Of one machine's own network there is one port alone. */
  private SocketAddress metrics() {
    return site.isolates()
        ? SocketAddress.inetSocketAddress(KubeProxyOptions.METRICS_PORT, "127.0.0.1")
        : null;
  }

  /** A client certificate for a kube-proxy. */
  Identity identity() {
    return files.ca().issueClient(USER, List.of(), ClusterFiles.VALIDITY);
  }

  /** Ends a node's own and starts it again, as whoever keeps a host's processes does. */
  Future<Void> restart(String node) {
    var before = onHosts.get(node);
    return before == null
        ? Future.failedFuture("node " + node + " has no kube-proxy on its host")
        : stop(node).compose(v -> start(node, before.options()));
  }

  /** Ends a node's own; what is not there is as good. */
  Future<Void> stop(String node) {
    var running = onHosts.remove(node);
    return running == null
        ? Future.succeededFuture()
        : site.stop(running.deployment()).otherwiseEmpty();
  }

  /** Listens nowhere any more, once all have ended. */
  Future<Void> close() {
    return listeners.close();
  }

  /** Ends all that are not pods. */
  Future<Void> stop() {
    return Future.join(List.copyOf(onHosts.keySet()).stream().map(this::stop).toList()).mapEmpty();
  }
}
