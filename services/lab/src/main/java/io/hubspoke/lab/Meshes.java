package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Posture;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Meshes that differ in what makes a route another one; some may still be starting. */
public record Meshes(Map<Kind, CompletableFuture<Mesh>> byKind) {
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

  public Meshes {
    byKind = Map.copyOf(byKind);
  }

  /** Holds one that is ready. */
  static Meshes of(Kind kind, Mesh mesh) {
    return new Meshes(Map.of(kind, CompletableFuture.completedFuture(mesh)));
  }

  /** Returns the one whose apiserver reaches nodes directly. */
  public Mesh get(Posture posture) throws InterruptedException {
    return get(new Kind(posture, Egress.DIRECT));
  }

  /**
   * Returns the one that is such, once it is ready; blocks.
   *
   * @throws IllegalStateException when it could not be started
   */
  public Mesh get(Kind kind) throws InterruptedException {
    try {
      return byKind.get(kind).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "the mesh of posture %s did not start: %s".formatted(kind, e.getCause().getMessage()), e);
    }
  }
}
