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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A mesh for each posture and egress that some routes need, in a directory that goes away with
 * them. Whether kubelets are verified and how they are reached are flags of the apiserver, and whom
 * a kubelet lets in one of the kubelet, so one mesh cannot show them all.
 */
public final class Postures {
  private static final Duration READY = Duration.ofSeconds(60);

  /** Each has a JVM of its own to start, and the machine may be busy. */
  private static final Duration READY_AS_PROCESSES = Duration.ofMinutes(4);

  /** While one waits for its components, another has the processor. */
  private static final int AT_ONCE = 2;

  private static final Meshes.Kind SEVERAL_NODES = new Meshes.Kind(Posture.DEFAULT, Egress.DIRECT);

  private final Vertx vertx;
  private final Path directory;
  private final Sites sites;
  private final Map<Meshes.Kind, CompletableFuture<Mesh>> meshes = new LinkedHashMap<>();
  private volatile boolean stopping;

  /** Makes the site of a mesh. */
  interface Sites {
    /** In this JVM. */
    Sites LOOPBACK = (vertx, options) -> LoopbackSite.claim(vertx);

    Site make(Vertx vertx, MeshOptions options) throws Exception;
  }

  private Postures(Vertx vertx, Path directory, Sites sites) {
    this.vertx = vertx;
    this.directory = directory;
    this.sites = sites;
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
    var lab = begin(directory, sites, nodes, routes, changes, progress);
    try {
      for (var mesh : lab.meshes.values()) {
        mesh.get();
      }
      return lab;
    } catch (ExecutionException e) {
      lab.stop();
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (InterruptedException e) {
      lab.stop();
      throw e;
    }
  }

  /** Begins to start what the routes need; who asks for a mesh waits for that one alone. */
  static Postures begin(int nodes, List<? extends Route> routes, Consumer<String> progress)
      throws IOException {
    var directory = Files.createTempDirectory("hubspoke-");
    return begin(directory, Sites.LOOPBACK, nodes, routes, Changes.NONE, progress);
  }

  private static Postures begin(
      Path directory,
      Sites sites,
      int nodes,
      List<? extends Route> routes,
      Changes changes,
      Consumer<String> progress) {
    var lab = new Postures(Component.vertx(), directory, sites);
    var count =
        routes.stream()
            .collect(Collectors.groupingBy(Route::mesh, LinkedHashMap::new, Collectors.counting()));
    // What takes longest to measure is there first.
    count.entrySet().stream()
        .sorted(Map.Entry.<Meshes.Kind, Long>comparingByValue().reversed())
        .forEach(kind -> lab.meshes.put(kind.getKey(), new CompletableFuture<>()));
    var waiting = new ConcurrentLinkedQueue<>(lab.meshes.entrySet());
    for (var i = 0; i < AT_ONCE; i++) {
      Thread.ofVirtual()
          .name("hubspoke-postures-" + i)
          .start(() -> lab.startAll(waiting, nodes, changes, progress));
    }
    return lab;
  }

  /** Starts one mesh after the other until none is left. */
  private void startAll(
      Queue<Map.Entry<Meshes.Kind, CompletableFuture<Mesh>>> waiting,
      int nodes,
      Changes changes,
      Consumer<String> progress) {
    for (var next = waiting.poll(); next != null; next = waiting.poll()) {
      var kind = next.getKey();
      // The other kinds show what they are with the node that is called.
      var count = kind.equals(SEVERAL_NODES) ? nodes : 1;
      try {
        if (stopping) {
          throw new CancellationException("the others are stopped");
        }
        progress.accept("starting a mesh of %d, posture %s".formatted(count, kind));
        next.getValue().complete(started(count, kind, changes));
        progress.accept("ready: posture %s".formatted(kind));
      } catch (Throwable e) {
        // Whatever it is, somebody waits for this mesh.
        next.getValue().completeExceptionally(e);
      }
    }
  }

  private Mesh started(int nodes, Meshes.Kind kind, Changes changes) throws Exception {
    var home = directory.resolve(kind.posture() + "-" + kind.egress());
    var options =
        new MeshOptions(home, nodes, kind.posture(), changes)
            .withWiredPods()
            .with(kubeProxy(kind))
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

  /** The meshes, each from when it is ready. */
  public Meshes meshes() {
    return new Meshes(meshes);
  }

  /** Stops the meshes and removes their files. */
  public void stop() throws Exception {
    stopping = true;
    Exception failure = null;
    for (var mesh : meshes.values()) {
      try {
        mesh.get().stop();
      } catch (ExecutionException e) {
        // It is not there, and who waited for it was told why.
      } catch (Exception e) {
        // The others have to end, and the keys to go.
        failure = e;
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
}
