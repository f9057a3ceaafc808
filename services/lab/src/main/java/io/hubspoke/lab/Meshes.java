package io.hubspoke.lab;

import io.hubspoke.lab.MeshOptions.Posture;
import java.util.Map;

/** Meshes that differ in what makes a route another one. */
public record Meshes(Map<Kind, Mesh> byKind) {
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

  /** Returns the one whose apiserver reaches nodes directly. */
  public Mesh get(Posture posture) {
    return get(new Kind(posture, Egress.DIRECT));
  }

  /** Returns the one that is such. */
  public Mesh get(Kind kind) {
    return byKind.get(kind);
  }
}
