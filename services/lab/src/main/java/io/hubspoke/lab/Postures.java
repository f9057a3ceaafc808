package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.DirectoryTree;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A mesh for each posture and egress that some routes need, in a directory that goes away with
 * them. Whether kubelets are verified and how they are reached are flags of the apiserver, and whom
 * a kubelet lets in one of the kubelet, so one mesh cannot show them all.
 */
public final class Postures {
  private static final Duration READY = Duration.ofSeconds(60);

  /** Each has a JVM of its own to start, and the machine may be busy. */
  private static final Duration READY_AS_PROCESSES = Duration.ofMinutes(4);

  private static final Meshes.Kind SEVERAL_NODES = new Meshes.Kind(Posture.DEFAULT, Egress.DIRECT);

  private final Vertx vertx;
  private final Path directory;
  private final Sites sites;
  private final Map<Meshes.Kind, Mesh> meshes = new LinkedHashMap<>();

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

  /** Starts what the routes need. */
  public static Postures start(int nodes, List<? extends Route> routes, Consumer<String> progress)
      throws Exception {
    return start(nodes, routes, Changes.NONE, progress);
  }

  /** Starts what the routes need, with changes to the components. */
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
    var lab = new Postures(Component.vertx(), directory, sites);
    try {
      for (var kind : routes.stream().map(Route::mesh).distinct().toList()) {
        // The other kinds show what they are with the node that is called.
        var count = kind.equals(SEVERAL_NODES) ? nodes : 1;
        progress.accept("starting a mesh of %d, posture %s".formatted(count, kind));
        lab.add(count, kind, changes);
        progress.accept("ready");
      }
      return lab;
    } catch (Exception e) {
      lab.stop();
      throw e;
    }
  }

  private void add(int nodes, Meshes.Kind kind, Changes changes) throws Exception {
    var home = directory.resolve(kind.posture() + "-" + kind.egress());
    var options =
        new MeshOptions(home, nodes, kind.posture(), changes)
            .withWiredPods()
            .with(kubeProxy(kind))
            .with(kind.egress());
    var mesh = Mesh.start(vertx, options, () -> sites.make(vertx, options));
    meshes.put(kind, mesh);
    mesh.awaitReady(mesh.isolates() ? READY_AS_PROCESSES : READY);
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

  /** The meshes that were started. */
  public Meshes meshes() {
    return new Meshes(meshes);
  }

  /** Stops the meshes and removes their files. */
  public void stop() throws Exception {
    for (var mesh : meshes.values()) {
      mesh.stop();
    }
    Mesh.close(vertx);
    DirectoryTree.delete(directory);
  }
}
