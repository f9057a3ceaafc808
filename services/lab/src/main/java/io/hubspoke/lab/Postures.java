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
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A mesh for each posture that some routes need, in a directory that goes away with them. Whether
 * kubelets are verified is a flag of the apiserver, and whom a kubelet lets in one of the kubelet,
 * so one mesh cannot show them all.
 */
public final class Postures {
  private static final Duration READY = Duration.ofSeconds(60);

  private final Vertx vertx;
  private final Path directory;
  private final Map<Posture, Mesh> meshes = new EnumMap<>(Posture.class);

  private Postures(Vertx vertx, Path directory) {
    this.vertx = vertx;
    this.directory = directory;
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
    var lab = new Postures(Component.vertx(), Files.createTempDirectory("hubspoke-"));
    try {
      for (var posture : routes.stream().map(Route::posture).distinct().toList()) {
        // The other postures show what they are with the node that is called.
        var count = posture == Posture.DEFAULT ? nodes : 1;
        progress.accept("starting a mesh of %d, posture %s".formatted(count, posture));
        lab.add(count, posture, changes);
        progress.accept("ready");
      }
      return lab;
    } catch (Exception e) {
      lab.stop();
      throw e;
    }
  }

  private void add(int nodes, Posture posture, Changes changes) throws Exception {
    var mesh =
        Mesh.start(
            vertx,
            new MeshOptions(directory.resolve(posture.toString()), nodes, posture, changes)
                .withWiredPods()
                .with(kubeProxy(posture)));
    meshes.put(posture, mesh);
    mesh.awaitReady(READY);
  }

  /** One posture has those on hosts, so that both kinds are measured and no mesh is added. */
  private static KubeProxyMode kubeProxy(Posture posture) {
    return switch (posture) {
      case DEFAULT -> KubeProxyMode.DAEMON_SET;
      case VERIFIED -> KubeProxyMode.HOST_PROCESS;
      case OPEN -> KubeProxyMode.NONE;
    };
  }

  /** The meshes by posture. */
  public Map<Posture, Mesh> meshes() {
    return Map.copyOf(meshes);
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
