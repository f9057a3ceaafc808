package io.hubspoke.lab;

import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.bench.ProcessUsage;
import io.hubspoke.lab.scale.ControlPlane;
import io.hubspoke.lab.scale.ScaleRun;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.runtime.Component;
import io.hubspoke.scheduler.Scheduler;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The control plane of {@code hubspoke scale}, in this process: all but the nodes. */
final class LocalControlPlane implements ControlPlane {
  static final String BOOTSTRAP = "bootstrap-kubelet.kubeconfig";

  /** The token that is in it, by itself. */
  static final String TOKEN = "bootstrap-token";

  private static final Duration TOKEN_LIFE = Duration.ofHours(24);
  private static final long STOP_SECONDS = 10;

  private final Path directory;
  private final String host;
  private final Vertx vertx = Component.vertx();
  private final Object ending = new Object();
  private volatile DirectoryLock lock;
  private volatile AddressClaim claim;

  /** The verticles that are to run; none before all do. */
  private volatile Set<String> deployments = Set.of();

  private Thread starting;
  private boolean closed;

  /**
   * Starts nothing yet.
   *
   * @param directory where certificates, keys and kubeconfig files go
   * @param host an address of this machine for the apiserver; empty for one of loopback
   */
  LocalControlPlane(Path directory, String host) {
    this.directory = directory;
    this.host = host;
  }

  @Override
  public ScaleRun.Cluster ready() throws Exception {
    synchronized (this) {
      goOn();
      starting = Thread.currentThread();
    }
    try {
      lock = DirectoryLock.of(directory);
      claim = AddressClaim.large().at(host);
      start(LoopbackSite.of(vertx, claim));
      var addresses = claim.addresses();
      return new ScaleRun.Cluster(URI.create(addresses.apiserverUrl()), addresses.block());
    } finally {
      synchronized (this) {
        starting = null;
        notifyAll();
      }
    }
  }

  private synchronized void goOn() throws IOException {
    if (closed) {
      throw new IOException("stopped");
    }
  }

  private void start(Site site) throws Exception {
    var addresses = site.addresses();
    var files = ClusterFiles.write(directory, ControlPlaneEndpoints.of(addresses));
    goOn();
    var components =
        new MeshComponents(
            new MeshOptions(directory, 0, Posture.DEFAULT, Changes.NONE), addresses, files);
    var apiserver = new MeshApiserver(site, () -> components.apiserver(EgressOptions.NONE));
    apiserver.start();
    var admin = new ApiClient(vertx, files.client(addresses.apiserver(), files.admin()));
    Component.await(components.publication().publish(admin));
    goOn();
    var token = BootstrapToken.create(Instant.now().plus(TOKEN_LIFE));
    Component.await(admin.create(Resource.SECRETS, "kube-system", token.object()));
    files.bootstrapKubeconfig(BOOTSTRAP, components.nodeCluster(), token);
    AtomicFile.writePrivate(directory.resolve(TOKEN), token.value() + "\n");
    Component.await(admin.close());
    goOn();
    var controllers =
        List.of(
            vertx.deployVerticle(new ControllerManager(components.controllerManager())),
            vertx.deployVerticle(new Scheduler(components.scheduler())));
    Component.await(Future.all(controllers));
    deployments =
        Set.of(apiserver.deployment(), controllers.get(0).result(), controllers.get(1).result());
  }

  /** It is until one of its verticles is undeployed. */
  @Override
  public boolean isAlive() {
    var running = deployments;
    return !running.isEmpty() && vertx.deploymentIDs().containsAll(running);
  }

  @Override
  public Map<String, ProcessUsage> usage() {
    return Map.of();
  }

  /** Cuts a start short, and takes back what it has made. */
  @Override
  public void close() throws IOException {
    awaitEndOfStart();
    synchronized (ending) {
      try {
        Component.await(vertx.close().timeout(STOP_SECONDS, TimeUnit.SECONDS));
      } catch (Exception e) {
        throw new IOException("the control plane did not end: " + Component.reason(e), e);
      } finally {
        if (claim != null) {
          claim.close();
        }
        if (lock != null) {
          lock.close();
        }
      }
    }
  }

  private synchronized void awaitEndOfStart() {
    closed = true;
    if (starting != null) {
      starting.interrupt();
    }
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
    try {
      while (starting != null && System.nanoTime() < deadline) {
        TimeUnit.NANOSECONDS.timedWait(this, deadline - System.nanoTime());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
