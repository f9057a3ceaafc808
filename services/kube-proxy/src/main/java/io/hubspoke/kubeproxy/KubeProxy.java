package io.hubspoke.kubeproxy;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.VerticleBase;

/** The kube-proxy of one node. */
public final class KubeProxy extends VerticleBase {
  private final KubeProxyOptions options;
  private final ProxierFactory proxiers;

  /** Makes one that forwards with what the factory makes. */
  public KubeProxy(KubeProxyOptions options, ProxierFactory proxiers) {
    this.options = options;
    this.proxiers = proxiers;
  }

  /** Starts forwarding; it waits for the apiserver however long it takes. */
  @Override
  public Future<?> start() {
    // Whatever this verticle runs on, its loop runs on virtual threads; it ends with it.
    return vertx.deployVerticle(
        new ProxyLoop(options, proxiers),
        new DeploymentOptions().setThreadingModel(ThreadingModel.VIRTUAL_THREAD));
  }
}
