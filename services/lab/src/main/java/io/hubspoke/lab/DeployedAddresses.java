package io.hubspoke.lab;

import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the parts of a deployment in another cluster are, and the Services before the audit's wires
 * and nodes. The other cluster forwards those to ports of the audit's pod, and says in its
 * variables which addresses they have. Services, their ports and their names are those of {@code
 * k8s-manifests/audit}.
 *
 * @param variables of the audit's pod
 * @param namespace of the control plane
 * @param apiservers the addresses of the apiservers' pods
 * @param apiserver the address of the only one, or that of the Service before several
 */
record DeployedAddresses(
    Map<String, String> variables, String namespace, List<String> apiservers, String apiserver)
    implements Addresses {
  /** Nodes that the audit has Services for. */
  static final int SPARE_NODES = 4;

  private static final int UPLINK = 16443;
  private static final int SCHEDULER_UPLINK = 16444;
  private static final int CONTROLLER_MANAGER_UPLINK = 16445;
  private static final int KONNECTIVITY_UPLINK = 16446;

  /** Where wires listen in the audit's pod that stand before this port of a node. */
  private static final Map<Integer, Integer> BEFORE_NODES =
      Map.of(
          KUBELET_PORT,
          20250,
          SshServers.UNPRIVILEGED_PORT,
          20260,
          PAGE_PORT,
          20270,
          SECURE_PAGE_PORT,
          20280);

  /**
   * Finds them from within the audit's pod.
   *
   * @param namespace of the control plane
   * @throws UnknownHostException when there is no apiserver
   */
  static DeployedAddresses find(String namespace) throws UnknownHostException {
    var pods = addressesOf("apiserver-members", namespace);
    return new DeployedAddresses(
        System.getenv(),
        namespace,
        pods,
        pods.size() == 1 ? pods.getFirst() : addressesOf("apiserver", namespace).getFirst());
  }

  private static List<String> addressesOf(String service, String namespace)
      throws UnknownHostException {
    return Arrays.stream(InetAddress.getAllByName(service + "." + namespace + ".svc"))
        .map(InetAddress::getHostAddress)
        .toList();
  }

  /** The name that the apiserver's certificate has. */
  String apiserverName() {
    return "apiserver." + namespace + ".svc";
  }

  /** The name that the Konnectivity server's certificate has. */
  String konnectivityName() {
    return "konnectivity-server." + namespace + ".svc";
  }

  /** Where a wire of an advertised address and port listens in the audit's pod. */
  int boundPort(SocketAddress advertised) {
    var host = advertised.host();
    if (host.equals(nodesUplink())) {
      return UPLINK;
    }
    if (host.equals(schedulerUplink())) {
      return SCHEDULER_UPLINK;
    }
    if (host.equals(controllerManagerUplink())) {
      return CONTROLLER_MANAGER_UPLINK;
    }
    if (host.equals(konnectivityUplink())) {
      return KONNECTIVITY_UPLINK;
    }
    var first = BEFORE_NODES.get(advertised.port());
    return numberOf(host)
        .filter(n -> first != null)
        .map(n -> first + n)
        .orElseThrow(() -> new IllegalArgumentException("no Service has " + advertised));
  }

  /** Where the audit's own pod finds that wire without leaving it. */
  String strangersUrl() {
    return "https://%s:%d".formatted(own(), UPLINK);
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
    return Addresses.url(apiserverName());
  }

  /** The Konnectivity server is in the apiserver's pod. */
  @Override
  public Set<String> controlPlane() {
    return Set.of(apiserver, scheduler(), controllerManager());
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
    return apiserver;
  }

  @Override
  public String konnectivityUplink() {
    return service("AUDIT_KONNECTIVITY");
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

  /** Where they are said to be; but those on their node's network on all that it has. */
  @Override
  public String podListenCidr(int n) {
    return podCidr(n);
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
