package io.hubspoke.lab;

import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.pki.Kubeconfig;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * What a mesh is made of.
 *
 * @param posture how apiserver and kubelets treat each other
 * @param changes what differs from the secure set-up
 * @param wiredPods whether pods listen behind addresses that are left to wires
 */
public record MeshOptions(
    Path directory, int nodes, Posture posture, Changes changes, boolean wiredPods) {

  /** How kubelets' serving certificates are treated, and whom kubelets let in. */
  public enum Posture {
    /** Self-signed and not verified, as Kubernetes leaves it; kubelets let in whom they know. */
    DEFAULT,
    /** By CSR, and verified with {@code --kubelet-certificate-authority}. */
    VERIFIED,
    /** Kubelets let everybody do everything, as their flags' defaults have it. */
    OPEN;

    @Override
    public String toString() {
      return switch (this) {
        case DEFAULT -> "default";
        case VERIFIED -> "verified";
        case OPEN -> "open";
      };
    }
  }

  /** A mesh whose pods listen on their own addresses. */
  public MeshOptions(Path directory, int nodes, Posture posture, Changes changes) {
    this(directory, nodes, posture, changes, false);
  }

  /**
   * Changes to components' options before they start; a broken protection is one of them.
   *
   * @param controlPlane applied to the scheduler's and the controller manager's client
   * @param nodeCluster applied to what nodes are told of the apiserver
   */
  public record Changes(
      UnaryOperator<ApiserverOptions> apiserver,
      UnaryOperator<KubeletOptions.Builder> kubelet,
      UnaryOperator<ClientConfig> controlPlane,
      UnaryOperator<Kubeconfig.Cluster> nodeCluster,
      UnaryOperator<ControllerManagerOptions> controllerManager) {
    /** Nothing. */
    public static final Changes NONE =
        new Changes(
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity());

    public Changes withApiserver(UnaryOperator<ApiserverOptions> change) {
      return new Changes(change, kubelet, controlPlane, nodeCluster, controllerManager);
    }

    public Changes withKubelet(UnaryOperator<KubeletOptions.Builder> change) {
      return new Changes(apiserver, change, controlPlane, nodeCluster, controllerManager);
    }

    public Changes withControlPlane(UnaryOperator<ClientConfig> change) {
      return new Changes(apiserver, kubelet, change, nodeCluster, controllerManager);
    }

    public Changes withNodeCluster(UnaryOperator<Kubeconfig.Cluster> change) {
      return new Changes(apiserver, kubelet, controlPlane, change, controllerManager);
    }

    public Changes withControllerManager(UnaryOperator<ControllerManagerOptions> change) {
      return new Changes(apiserver, kubelet, controlPlane, nodeCluster, change);
    }
  }

  public MeshOptions {
    if (nodes < 0 || nodes > Addresses.NODES - 1) {
      throw new IllegalArgumentException(
          "--nodes must be between 0 and %d, but is %d".formatted(Addresses.NODES - 1, nodes));
    }
  }
}
