package io.hubspoke.kubelet;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.server.CertificateLife;
import io.hubspoke.kubelet.server.HealthzServer;
import io.hubspoke.kubelet.server.KubeletApi;
import io.hubspoke.kubelet.server.NodeState;
import io.hubspoke.kubelet.volumes.PodDirectory;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.ReloadableKeys;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.nio.file.Files;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node agent. Starts when its API listens; what needs the apiserver (the node's certificate,
 * its registration, pods) follows, and {@link #ready()} tells when it is done.
 */
public final class Kubelet extends VerticleBase {
  /** The version of Kubernetes whose kubelet this one behaves like. */
  public static final String VERSION = "v1.33.0";

  private static final String RUNTIME_FLAG = "--container-runtime-endpoint";
  private static final Logger LOG = LoggerFactory.getLogger(Kubelet.class);

  private final KubeletOptions options;
  private final ReloadableKeys servingKeys = new ReloadableKeys();
  private final CertificateLife clientLife = new CertificateLife();
  private final CertificateLife servingLife = new CertificateLife();
  private final Promise<Void> ready = Promise.promise();
  private final Promise<Void> ended = Promise.promise();
  private ContextInternal virtual;
  private ServingCertificate serving;
  private ContainerRuntime runtime;
  private Pods pods;
  private KubeletApi api;
  private HealthzServer healthz;
  private int port;
  private volatile ApiClient client;
  private Lifetime lifetime;

  public Kubelet(KubeletOptions options) {
    this.options = options;
  }

  /**
   * Completes when the node is registered, ready, and watches its pods; fails when it is not let
   * in.
   */
  public Future<Void> ready() {
    return ready.future();
  }

  /**
   * Fails when there is nothing left to do: the node was not let in, or another kubelet has its
   * identity.
   */
  public Future<Void> ended() {
    return ended.future();
  }

  /** Stops because it is in the way. */
  private void leave(String why) {
    ended.tryFail(why);
    vertx.undeploy(deploymentID()).onFailure(e -> LOG.warn("{}: {}", options.nodeName(), why));
  }

  /** Returns the port that the API listens on, once started. */
  public int port() {
    return port;
  }

  @Override
  public Future<?> start() {
    lifetime = new Lifetime(vertx);
    virtual = ((VertxInternal) vertx).createVirtualThreadContext();
    Promise<Void> started = Promise.promise();
    virtual.runOnContext(
        v -> {
          try {
            listen();
            started.complete();
          } catch (Exception e) {
            Future<Void> let = runtime == null ? Future.succeededFuture() : runtime.stop();
            let.onComplete(stopped -> started.fail(e));
            return;
          }
          join();
        });
    return started.future();
  }

  @Override
  public Future<?> stop() {
    lifetime.end();
    ready.tryFail("stopped");
    serving.close();
    ApiClient open = client;
    return (healthz == null ? Future.<Void>succeededFuture() : healthz.stop())
        .eventually(api::stop)
        .eventually(pods::stop)
        .eventually(runtime::stop)
        .eventually(() -> open == null ? Future.succeededFuture() : open.close());
  }

  private void listen() throws IOException {
    Flag.read(
        "--root-dir",
        () -> {
          Files.createDirectories(options.rootDir());
          return null;
        });
    runtime = Flag.read(RUNTIME_FLAG, () -> RuntimeChoice.make(vertx, options));
    Flag.read(RUNTIME_FLAG, () -> runtime.start().await());
    // Whoever might have used them has ended now.
    PodDirectory.prepare(options.rootDir());
    PodDirectory.deleteLeftovers(options.rootDir());
    serving = new ServingCertificate(vertx, options, servingKeys);
    serving.load();
    if (!options.podCidr().isEmpty()) {
      Flag.read(
          "--pod-cidr",
          () -> {
            runtime.updatePodCidr(options.podCidr());
            return null;
          });
    }
    pods = new Pods(options, runtime, virtual);
    api =
        new KubeletApi(
            vertx,
            options.server(),
            servingKeys,
            () -> client,
            new NodeState(
                options.nodeName(),
                runtime,
                pods,
                options.rootDir(),
                () -> EffectiveConfiguration.of(options, port),
                clientLife,
                servingLife,
                virtual));
    port = api.start().await();
    if (options.server().healthz() != null) {
      healthz = new HealthzServer(vertx, options.server().healthz());
      healthz.start().await();
    }
  }

  /** Becomes a node of the cluster. */
  private void join() {
    try {
      ClientBootstrap credentials = new ClientBootstrap(vertx, virtual, options);
      client =
          new ApiClient(
              vertx, credentials.config(lifetime), credentials::newest, options.requestLimit());
      EventRecorder events = new EventRecorder(client, "kubelet", options.nodeName());
      NodeAgent node =
          new NodeAgent(
              options,
              runtime,
              client,
              new NodeStatus(options, runtime, port),
              events,
              lifetime,
              virtual);
      LeaseRenewal lease =
          new LeaseRenewal(options, client, events, node::nodeUid, this::leave, lifetime, vertx);
      pods.startStatic(client, events, node::nodeUid, lifetime);
      node.register();
      // The kubelet names its node's name for the UID, as the real one does.
      events.normal(
          new EventRecorder.Regarding("v1", "Node", "", options.nodeName(), options.nodeName()),
          "Starting",
          "Starting kubelet.");
      lease.start();
      virtual.runOnContext(v -> node.reportLoop());
      virtual.runOnContext(v -> credentials.renew(client, clientLife, lifetime));
      virtual.runOnContext(v -> serving.renew(client, virtual, servingLife, lifetime));
      pods.start(client).await();
      ready.tryComplete();
    } catch (Exception e) {
      ended.tryFail(e);
      if (ready.tryFail(e)) {
        LOG.error("{}: not a node of the cluster: {}", options.nodeName(), e.getMessage());
      }
    }
  }
}
