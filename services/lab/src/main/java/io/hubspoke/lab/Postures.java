package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.DirectoryTree;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A mesh for each posture and egress that some routes need, in a directory that goes away with
 * them. Whether kubelets are verified and how they are reached are flags of the apiserver, and whom
 * a kubelet lets in one of the kubelet, so one mesh cannot show them all.
 */
public final class Postures {
  private static final Duration READY = Duration.ofMinutes(2);

  /** Each has a JVM of its own to start, and the machine may be busy. */
  private static final Duration READY_AS_PROCESSES = Duration.ofMinutes(4);

  /** So many start at once: while one waits for its components, another has the processor. */
  private static final int AT_ONCE = 2;

  /** As many routes are worth a mesh. */
  private static final int MANY = 4;

  private static final Meshes.Kind SEVERAL_NODES = new Meshes.Kind(Posture.DEFAULT, Egress.DIRECT);

  private final Vertx vertx;
  private final Path directory;
  private final Sites sites;
  private final int nodes;
  private final Changes changes;
  private final Consumer<String> progress;
  private final Map<Meshes.Kind, Meshes.Start> meshes = new LinkedHashMap<>();
  private final Map<Meshes.Kind, Meshes.Start> hubs = new LinkedHashMap<>();
  private final Semaphore starting = new Semaphore(AT_ONCE, true);
  private volatile boolean stopping;

  /** Makes the site of a mesh. */
  interface Sites {
    /** In this JVM. */
    Sites LOOPBACK = (vertx, options) -> LoopbackSite.claim(vertx);

    Site make(Vertx vertx, MeshOptions options) throws Exception;
  }

  private Postures(
      Path directory, Sites sites, int nodes, Changes changes, Consumer<String> progress) {
    this.vertx = Component.vertx();
    this.directory = directory;
    this.sites = sites;
    this.nodes = nodes;
    this.changes = changes;
    this.progress = progress;
  }

  /** Starts what the routes need, and waits until it is ready. */
  public static Postures start(int nodes, List<? extends Route> routes, Consumer<String> progress)
      throws Exception {
    return start(nodes, routes, Changes.NONE, progress);
  }

  /** The same with changes to the components. */
  public static Postures start(
      int nodes, List<? extends Route> routes, Changes changes, Consumer<String> progress)
      throws Exception {
    var directory = Files.createTempDirectory("hubspoke-");
    return start(directory, Sites.LOOPBACK, nodes, routes, changes, progress);
  }

  /** The same on sites of their own, in a directory that goes away. */
  static Postures start(
      Path directory,
      Sites sites,
      int nodes,
      List<? extends Route> routes,
      Changes changes,
      Consumer<String> progress)
      throws Exception {
    var lab = new Postures(directory, sites, nodes, changes, progress);
    routes.stream().map(Route::mesh).distinct().forEach(lab::add);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var meshes = new ArrayList<Future<Mesh>>();
      for (var mesh : lab.meshes.values()) {
        meshes.add(threads.submit(mesh::await));
      }
      for (var mesh : meshes) {
        mesh.get();
      }
      return lab;
    } catch (ExecutionException e) {
      lab.stop();
      throw reason(e);
    } catch (InterruptedException e) {
      lab.stop();
      throw e;
    }
  }

  /** Returns what went wrong on the thread that somebody started a mesh on. */
  private static Exception reason(ExecutionException failure) {
    var cause = failure.getCause();
    while (cause instanceof ExecutionException inner) {
      cause = inner.getCause();
    }
    return cause instanceof Exception e ? e : failure;
  }

  /**
   * Gets ready what the routes need; each mesh starts when it is asked for. Where many routes of
   * one kind end at the hub and many begin there, both have a mesh, so that they needn't wait for
   * each other.
   */
  static Postures begin(int nodes, List<? extends Route> routes, Consumer<String> progress)
      throws IOException {
    var directory = Files.createTempDirectory("hubspoke-");
    var lab = new Postures(directory, Sites.LOOPBACK, nodes, Changes.NONE, progress);
    for (var kind : routes.stream().map(Route::mesh).distinct().toList()) {
      lab.add(kind);
      var ofKind = routes.stream().filter(route -> route.mesh().equals(kind)).toList();
      var ending = ofKind.stream().filter(Route::endsAtHub).count();
      if (ending >= MANY && ofKind.size() - ending >= MANY) {
        lab.split(kind);
      }
    }
    return lab;
  }

  private void add(Meshes.Kind kind) {
    meshes.put(kind, start(kind, "", kind.equals(SEVERAL_NODES) ? nodes : 1, kubeProxy(kind)));
  }

  private void split(Meshes.Kind kind) {
    hubs.put(kind, meshes.get(kind));
    meshes.put(kind, start(kind, "-nodes", 1, KubeProxyMode.NONE));
  }

  /** The kinds but one show what they are with the node that is called. */
  private Meshes.Start start(Meshes.Kind kind, String suffix, int count, KubeProxyMode kubeProxy) {
    return new Meshes.Start(
        () -> {
          starting.acquire();
          try {
            if (stopping) {
              throw new CancellationException("the others are stopped");
            }
            progress.accept("starting a mesh of %d, posture %s".formatted(count, kind));
            var mesh = started(kind, suffix, count, kubeProxy);
            progress.accept("ready: posture %s".formatted(kind));
            return mesh;
          } finally {
            starting.release();
          }
        });
  }

  private Mesh started(Meshes.Kind kind, String suffix, int count, KubeProxyMode kubeProxy)
      throws Exception {
    var home = directory.resolve(kind.posture() + "-" + kind.egress() + suffix);
    var options =
        new MeshOptions(home, count, kind.posture(), changes)
            .withWiredPods()
            .with(kubeProxy)
            .with(kind.egress());
    var mesh = Mesh.start(vertx, options, () -> sites.make(vertx, options));
    try {
      mesh.awaitReady(mesh.isolates() ? READY_AS_PROCESSES : READY);
      return mesh;
    } catch (Exception e) {
      mesh.stop();
      throw e;
    }
  }

  /** One posture has those on hosts, so that both kinds are measured and no mesh is added. */
  private static KubeProxyMode kubeProxy(Meshes.Kind kind) {
    if (kind.egress() != Egress.DIRECT) {
      return KubeProxyMode.NONE;
    }
    return switch (kind.posture()) {
      case DEFAULT -> KubeProxyMode.DAEMON_SET;
      case VERIFIED -> KubeProxyMode.HOST_PROCESS;
      case OPEN -> KubeProxyMode.NONE;
    };
  }

  /** The meshes, each from when it is asked for. */
  public Meshes meshes() {
    return new Meshes(meshes, hubs);
  }

  /** Stops the meshes and removes their files. */
  public void stop() throws Exception {
    stopping = true;
    Exception failure = null;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var ending =
          Stream.concat(meshes.values().stream(), hubs.values().stream())
              .map(mesh -> threads.submit(() -> stop(mesh)))
              .toList();
      for (var mesh : ending) {
        try {
          mesh.get();
        } catch (ExecutionException e) {
          // The others have to end, and the keys to go.
          failure = reason(e);
        }
      }
    }
    try {
      Mesh.close(vertx);
    } finally {
      DirectoryTree.delete(directory);
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static Void stop(Meshes.Start start) throws Exception {
    Mesh mesh;
    try {
      mesh = start.await();
    } catch (ExecutionException e) {
      // It is not there, and who waited for it was told why.
      return null;
    }
    mesh.stop();
    return null;
  }
}
