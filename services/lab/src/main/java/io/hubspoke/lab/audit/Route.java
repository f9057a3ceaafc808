package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import java.util.Map;

/**
 * One way that packets take between control plane and nodes, and how its properties are measured.
 */
public interface Route {
  /** The id in the table of routes, such as {@code C1v}. */
  String id();

  /** What travels there, in a few words. */
  String title();

  /** The posture of the mesh that it is measured on. */
  Posture posture();

  /** What the report calls that posture, where the route shows one part of it. */
  default String postureShown() {
    return posture().toString();
  }

  /** The mesh that it is measured on. */
  default Meshes.Kind mesh() {
    return new Meshes.Kind(posture(), Egress.DIRECT);
  }

  /** How the control plane reaches nodes; {@code -} where nodes reach the control plane. */
  String egress();

  /** The id, with the egress where that is a tunnel: {@code C1/ssh}. */
  default String label() {
    return mesh().egress() == Egress.DIRECT || egress().equals("-") ? id() : id() + "/" + egress();
  }

  /** What the documents promise: whether each property that is measured holds. */
  Map<Property, Boolean> expectation();

  /** Why properties that the documents don't promise either way are not measured. */
  default Map<Property, String> notApplicable() {
    return Map.of();
  }

  /**
   * Measures the route by real components over real sockets; blocks.
   *
   * @throws Exception when the measurement itself broke down
   */
  Map<Property, Verdict> measure(Mesh mesh) throws Exception;

  /** Whether it ends at the apiserver, and nothing but that and its wires is in its way. */
  default boolean endsAtHub() {
    return false;
  }
}
