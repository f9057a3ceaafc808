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
 * @param kubeProxy how each node gets its kube-proxy
 * @param egress how the control plane reaches nodes
 */
public record MeshOptions(
    Path directory,
    int nodes,
    Posture posture,
    Changes changes,
    boolean wiredPods,
    KubeProxyMode kubeProxy,
    Egress egress) {

  /** What kube-proxies are. */
  public enum KubeProxyMode {
    /** Pods of a DaemonSet with a service account, where the runtime has their image. */
    DAEMON_SET,
    /** Processes of their hosts with a client certificate. */
    HOST_PROCESS,
    /** There are none. */
    NONE;

    /**
     * Reads a mode as {@code --kube-proxy} takes it.
     *
     * @throws IllegalArgumentException naming the flag, the value and what is expected
     */
    static KubeProxyMode parse(String text) {
      return switch (text) {
        case "daemon-set" -> DAEMON_SET;
        case "host-process" -> HOST_PROCESS;
        case "none" -> NONE;
        default ->
            throw new IllegalArgumentException(
                "--kube-proxy must be daemon-set, host-process or none, but is \"" + text + "\"");
      };
    }
  }

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
    this(directory, nodes, posture, changes, false, KubeProxyMode.DAEMON_SET, Egress.DIRECT);
  }

  /** Has pods listen behind addresses that are left to wires. */
  public MeshOptions withWiredPods() {
    return new MeshOptions(directory, nodes, posture, changes, true, kubeProxy, egress);
  }

  public MeshOptions with(KubeProxyMode mode) {
    return new MeshOptions(directory, nodes, posture, changes, wiredPods, mode, egress);
  }

  public MeshOptions with(Egress way) {
    return new MeshOptions(directory, nodes, posture, changes, wiredPods, kubeProxy, way);
  }

  /**
   * Changes to components' options before they start; a broken protection is one of them.
   *
   * @param controlPlane applied to the scheduler's and the controller manager's client
   * @param nodeCluster applied to what nodes are told of the apiserver
   * @param pods applied to the clients of programs in pods, image {@code hubspoke/api-client}
   * @param tunnels applied to the ends of tunnels, where there are any
   */
  public record Changes(
      UnaryOperator<ApiserverOptions> apiserver,
      UnaryOperator<KubeletOptions.Builder> kubelet,
      UnaryOperator<ClientConfig> controlPlane,
      UnaryOperator<Kubeconfig.Cluster> nodeCluster,
      UnaryOperator<ControllerManagerOptions> controllerManager,
      UnaryOperator<ClientConfig> pods,
      TunnelChanges tunnels) {
    /** Nothing. */
    public static final Changes NONE =
        new Changes(
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            UnaryOperator.identity(),
            TunnelChanges.NONE);

    public Changes withApiserver(UnaryOperator<ApiserverOptions> change) {
      return new Changes(
          change, kubelet, controlPlane, nodeCluster, controllerManager, pods, tunnels);
    }

    public Changes withKubelet(UnaryOperator<KubeletOptions.Builder> change) {
      return new Changes(
          apiserver, change, controlPlane, nodeCluster, controllerManager, pods, tunnels);
    }

    public Changes withControlPlane(UnaryOperator<ClientConfig> change) {
      return new Changes(apiserver, kubelet, change, nodeCluster, controllerManager, pods, tunnels);
    }

    public Changes withNodeCluster(UnaryOperator<Kubeconfig.Cluster> change) {
      return new Changes(
          apiserver, kubelet, controlPlane, change, controllerManager, pods, tunnels);
    }

    public Changes withControllerManager(UnaryOperator<ControllerManagerOptions> change) {
      return new Changes(apiserver, kubelet, controlPlane, nodeCluster, change, pods, tunnels);
    }

    public Changes withPods(UnaryOperator<ClientConfig> change) {
      return new Changes(
          apiserver, kubelet, controlPlane, nodeCluster, controllerManager, change, tunnels);
    }

    public Changes with(TunnelChanges changes) {
      return new Changes(
          apiserver, kubelet, controlPlane, nodeCluster, controllerManager, pods, changes);
    }
  }

  public MeshOptions {
    if (nodes < 0 || nodes > Addresses.NODES - 1) {
      throw new IllegalArgumentException(
          "--nodes must be between 0 and %d, but is %d".formatted(Addresses.NODES - 1, nodes));
    }
  }
}
