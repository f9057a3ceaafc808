package io.hubspoke.lab;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Optional;

/**
 * Where the parts of a deployment in another cluster are, and the Services before the audit's wires
 * and nodes. The other cluster forwards those to ports of the audit's pod, and says in its
 * variables which addresses they have. Services, their ports and their names are those of {@code
 * k8s-manifests/audit}.
 *
 * @param variables of the audit's pod
 * @param apiserver the address of the apiserver's pod
 * @param apiserverName the name that its certificate has
 */
record DeployedAddresses(Map<String, String> variables, String apiserver, String apiserverName)
    implements Addresses {
  /** Nodes that the audit has Services for. */
  static final int SPARE_NODES = 4;

  private static final int UPLINK = 16443;
  private static final int SCHEDULER_UPLINK = 16444;
  private static final int CONTROLLER_MANAGER_UPLINK = 16445;
  private static final int FIRST_NODE = 20250;

  /**
   * Finds them from within the audit's pod.
   *
   * @param namespace of the control plane
   * @throws UnknownHostException when there is no apiserver
   */
  static DeployedAddresses find(String namespace) throws UnknownHostException {
    var pods = InetAddress.getAllByName("apiserver-members." + namespace + ".svc");
    if (pods.length != 1) {
      throw new UnknownHostException(
          "one apiserver can be audited, but there are %d: apply overlay direct"
              .formatted(pods.length));
    }
    return new DeployedAddresses(
        System.getenv(), pods[0].getHostAddress(), "apiserver." + namespace + ".svc");
  }

  /** Where a wire of an advertised address listens in the audit's pod. */
  int boundPort(String advertised) {
    if (advertised.equals(nodesUplink())) {
      return UPLINK;
    }
    if (advertised.equals(schedulerUplink())) {
      return SCHEDULER_UPLINK;
    }
    if (advertised.equals(controllerManagerUplink())) {
      return CONTROLLER_MANAGER_UPLINK;
    }
    return FIRST_NODE
        + numberOf(advertised)
            .orElseThrow(() -> new IllegalArgumentException("no Service has " + advertised));
  }

  private Optional<Integer> numberOf(String advertised) {
    for (var n = 1; n <= SPARE_NODES; n++) {
      if (nodeAdvertises(n).equals(advertised)) {
        return Optional.of(n);
      }
    }
    return Optional.empty();
  }

  private String service(String name) {
    var address = variables.get(name + "_SERVICE_HOST");
    if (address == null) {
      throw new IllegalStateException(
          name + "_SERVICE_HOST is not set: this runs in no pod of the audit's Job");
    }
    return address;
  }

  /** The audit's own pod, which stands between all. */
  private String own() {
    var address = variables.get("POD_IP");
    if (address == null) {
      throw new IllegalStateException("POD_IP is not set: this runs in no pod of the audit's Job");
    }
    return address;
  }

  /** By its name, which its certificate has; the other cluster leads past the wires there. */
  @Override
  public String apiserverUrl() {
    return Addresses.url(apiserverName);
  }

  @Override
  public String unused() {
    return "192.0.2.1";
  }

  /** Of several that there may be in turn, whoever is behind that wire. */
  @Override
  public String scheduler() {
    return "scheduler";
  }

  @Override
  public String controllerManager() {
    return "controller-manager";
  }

  @Override
  public String nodesUplink() {
    return service("AUDIT_UPLINK");
  }

  @Override
  public String schedulerUplink() {
    return service("AUDIT_SCHEDULER");
  }

  @Override
  public String controllerManagerUplink() {
    return service("AUDIT_CONTROLLER_MANAGER");
  }

  @Override
  public String konnectivityServer() {
    return "konnectivity-server";
  }

  @Override
  public String konnectivityUplink() {
    return unused();
  }

  @Override
  public String nodeAdvertises(int n) {
    return service("AUDIT_WIRE_" + n);
  }

  @Override
  public String nodeListens(int n) {
    return service("AUDIT_NODE_" + n);
  }

  @Override
  public String nodeRange() {
    return "0.0.0.0/0";
  }

  /** On the loopback of each node. */
  @Override
  public String podRange() {
    return "127.20.0.0/16";
  }

  @Override
  public String podCidr(int n) {
    return "127.20.%d.0/24".formatted(NODES - n);
  }

  @Override
  public String podListenCidr(int n) {
    return "";
  }

  @Override
  public String serviceRange() {
    return "127.96.0.0/16";
  }

  @Override
  public String kubernetesService() {
    return "127.96.0.1";
  }

  @Override
  public String listensBehind(String advertised) {
    return numberOf(advertised).map(this::nodeListens).orElse(advertised);
  }

  @Override
  public String stranger() {
    return own();
  }

  @Override
  public String onSegment() {
    return own();
  }
}
