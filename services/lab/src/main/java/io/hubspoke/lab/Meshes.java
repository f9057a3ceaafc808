package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Route;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Meshes that differ in what makes a route another one; each starts when it is asked for. */
public final class Meshes {
  private final Map<Kind, Start> byKind;
  private final Map<Kind, Start> hubs;

  /**
   * What a route needs of the mesh that it is measured on.
   *
   * @param posture how apiserver and kubelets treat each other
   * @param egress how the apiserver reaches them
   */
  public record Kind(Posture posture, Egress egress) {
    @Override
    public String toString() {
      return egress == Egress.DIRECT ? posture.toString() : posture + ", egress " + egress;
    }
  }

  /** A mesh, which whoever asks first for it starts. */
  public static final class Start {
    private final FutureTask<Mesh> task;

    Start(Callable<Mesh> starting) {
      this.task = new FutureTask<>(starting);
    }

    /** Returns it once it is ready; blocks. */
    Mesh await() throws InterruptedException, ExecutionException {
      task.run();
      return task.get();
    }
  }

  /**
   * Holds meshes that have not started.
   *
   * @param hubs of those kinds that have a mesh more, for routes that end at the hub
   */
  Meshes(Map<Kind, Start> byKind, Map<Kind, Start> hubs) {
    this.byKind = Map.copyOf(byKind);
    this.hubs = Map.copyOf(hubs);
  }

  /** Holds one that is ready. */
  static Meshes of(Kind kind, Mesh mesh) {
    return new Meshes(Map.of(kind, new Start(() -> mesh)), Map.of());
  }

  /** Returns the mesh that a route is measured on; routes that share one follow each other. */
  public Start of(Route route) {
    var kind = route.mesh();
    return route.endsAtHub() && hubs.containsKey(kind) ? hubs.get(kind) : byKind.get(kind);
  }

  /** Returns the one whose apiserver reaches nodes directly. */
  public Mesh get(Posture posture) throws InterruptedException {
    return get(new Kind(posture, Egress.DIRECT));
  }

  /** Returns the one that is such, as {@link #get(Route)} does. */
  public Mesh get(Kind kind) throws InterruptedException {
    return get(byKind.get(kind), kind);
  }

  /**
   * Returns the mesh that a route is measured on, once it is ready; blocks.
   *
   * @throws IllegalStateException when it could not be started
   */
  public Mesh get(Route route) throws InterruptedException {
    return get(of(route), route.mesh());
  }

  private static Mesh get(Start start, Kind kind) throws InterruptedException {
    try {
      return start.await();
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "the mesh of posture %s did not start: %s".formatted(kind, e.getCause().getMessage()), e);
    }
  }
}
