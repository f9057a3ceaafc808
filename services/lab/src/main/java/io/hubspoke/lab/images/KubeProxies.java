package io.hubspoke.lab.images;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubeproxy.KubeProxy;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.ProxierFactory;
import io.hubspoke.pki.Kubeconfig;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * Makes the kube-proxies of the nodes that live in this process: as containers of image {@code
 * hubspoke/kube-proxy}, and as processes of their hosts.
 */
public final class KubeProxies {
  public static final String IMAGE = "hubspoke/kube-proxy";
  public static final String ENTRYPOINT = "/usr/local/bin/kube-proxy";

  private final Path directory;
  private final Function<String, ProxierFactory> proxiers;
  private final boolean ownNetwork;

  /**
   * Makes none yet.
   *
   * @param directory where their kubeconfig files go
   * @param proxiers what forwards on a node, by its name
   * @param ownNetwork whether this process is one node that has a network, and a packet filter, of
   *     its own
   */
  public KubeProxies(
      Path directory, Function<String, ProxierFactory> proxiers, boolean ownNetwork) {
    this.directory = directory;
    this.proxiers = proxiers;
    this.ownNetwork = ownNetwork;
  }

  boolean ownNetwork() {
    return ownNetwork;
  }

  /** Returns the image for a node's in-process runtime. */
  public InProcessImage image() {
    return new InProcessImage(IMAGE, ENTRYPOINT, given -> new KubeProxyProgram(given, this));
  }

  /** Returns a kube-proxy that is still to be deployed. */
  public Deployable make(KubeProxyOptions options) {
    return make(options, options.nodeName());
  }

  /** Returns one that forwards for a node, which it may know by another name. */
  Deployable make(KubeProxyOptions options, String node) {
    return new KubeProxy(options, proxiers.apply(node));
  }

  /** Removes what {@link #client} has written. */
  Future<Void> forget(Vertx vertx, String name) {
    return vertx.fileSystem().delete(file(name).toString()).otherwiseEmpty();
  }

  private Path file(String name) {
    return directory.resolve(name + ".kubeconfig");
  }

  /** Returns a client that follows what the configuration says and the files that it names. */
  ClientConfig client(String name, Kubeconfig kubeconfig) throws IOException {
    Files.createDirectories(directory);
    var file = file(name);
    kubeconfig.write(file);
    return ClientConfig.read(file);
  }
}
