package io.hubspoke.lab.images;

import io.hubspoke.kubeproxy.KubeProxyConfiguration;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.ProxyMode;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;

/** A kube-proxy that is the process of a container: it knows what its pod's mounts tell it. */
final class KubeProxyProgram extends VerticleProgram<KubeProxyOptions> {
  private static final String CONFIG = "--config=";
  private static final String HOSTNAME_OVERRIDE = "--hostname-override=";
  private static final String NAMESPACE = "kube-system";

  private final KubeProxies proxies;

  KubeProxyProgram(Surroundings given, KubeProxies proxies) {
    // The real one has no handler of its own: the signal ends it.
    super(given, SIGNALLED + SIGTERM);
    this.proxies = proxies;
  }

  @Override
  Deployable verticle(KubeProxyOptions options) {
    return proxies.make(options, nodeName());
  }

  @Override
  String name() {
    return "kube-proxy of " + hostname();
  }

  @Override
  Future<Void> forget() {
    return proxies.forget(given.context().owner(), pod());
  }

  /**
   * Whoever may only run pods must not take a node's connections. With packets they could not: a
   * pod's own network is no other's, and to change the host's takes privileges. Pods here have
   * none, so that the namespace of the cluster's own parts stands for them.
   */
  private void checkPermitted() {
    var pod = given.config().pod();
    if (pod.getSpec() == null || !Boolean.TRUE.equals(pod.getSpec().getHostNetwork())) {
      throw new IllegalArgumentException(
          "hostNetwork must be true: services are forwarded on the node's network");
    }
    if (!NAMESPACE.equals(pod.getMetadata().getNamespace())) {
      throw new IllegalArgumentException(
          "namespace \"%s\": the node's network may be changed from namespace %s alone"
              .formatted(pod.getMetadata().getNamespace(), NAMESPACE));
    }
  }

  @Override
  KubeProxyOptions options() throws IOException {
    checkPermitted();
    String file = argument(CONFIG);
    if (file.isEmpty()) {
      throw new IllegalArgumentException("--config must be given");
    }
    for (var argument : given.arguments()) {
      if (!argument.startsWith(CONFIG) && !argument.startsWith(HOSTNAME_OVERRIDE)) {
        throw new IllegalArgumentException("unknown flag: " + argument);
      }
    }
    var configuration = configuration(file);
    if (configuration.mode() != ProxyMode.USERSPACE && !proxies.ownNetwork()) {
      // The packet filter is the machine's own, which no pod of this process may change.
      throw new IllegalArgumentException(
          file + ": mode: must be userspace in a process that is several nodes");
    }
    var client =
        proxies
            .client(pod(), new PodKubeconfig(given.files()).read(configuration.kubeconfig()))
            .withLocalAddress(given.ip())
            .withUserAgent("kube-proxy/v1.33.0");
    // On one machine the addresses that each node would have for itself are all nodes'.
    return KubeProxyOptions.of(client, hostname(), configuration)
        .withBindAddress(given.ip())
        .withServing(
            SocketAddress.inetSocketAddress(KubeProxyOptions.HEALTHZ_PORT, given.listenIp()),
            proxies.ownNetwork() ? configuration.metrics().orElse(null) : null);
  }

  private KubeProxyConfiguration configuration(String file) throws IOException {
    try {
      return KubeProxyConfiguration.parse(Files.readAllBytes(given.files().file(file)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private String pod() {
    return given.config().pod().getMetadata().getUid();
  }

  /** The name that it looks for in endpoints. */
  private String hostname() {
    var override = argument(HOSTNAME_OVERRIDE);
    return override.isEmpty() ? nodeName() : override;
  }

  /** The node that it is on, and forwards for, whatever name it was given. */
  private String nodeName() {
    return given.config().pod().getSpec().getNodeName();
  }

  private String argument(String flag) {
    return given.arguments().stream()
        .filter(argument -> argument.startsWith(flag))
        .map(argument -> argument.substring(flag.length()))
        .reduce("", (earlier, later) -> later);
  }
}
