package io.hubspoke.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Where the parts of one lab live on loopback; labs that run beside each other take different
 * blocks.
 *
 * <p>Block 0: the control plane on {@code 127.0.10.x}, its wires on {@code 127.0.11.x}; nodes
 * advertise {@code 127.10.x.y}, which is their wire's, and listen on {@code 127.11.x.y}; pods are
 * on {@code 127.20.x.y}, and listen on {@code 127.70.x.y} where a wire stands before them; services
 * are on {@code 127.96.x.y}. The next blocks follow.
 *
 * <p>A large lab has no wires, which would be two more sockets for each connection: whoever
 * connects goes to the apiserver itself, nodes listen where they advertise, and their pods are in
 * the upper half of {@code 127.0.0.0/8}, which holds the networks of some thousands.
 */
public record Addresses(int block, boolean large) {
  /** As many labs run beside each other. */
  static final int BLOCKS = 16;

  /** As many of them can be large: those of the first blocks. */
  static final int LARGE_BLOCKS = 4;

  /** The nodes of a large lab, each with a network of 128 addresses for its pods. */
  static final int LARGE_NODES = 16_000;

  static final int API_PORT = 6443;
  static final int KUBELET_PORT = 10250;

  /** Where Konnectivity agents connect to, as in Kubernetes' own example. */
  static final int AGENT_PORT = 8132;

  /** Where an egress selector that speaks TCP finds the Konnectivity server. */
  static final int KONNECTIVITY_PORT = 8131;

  /** A network of its own for each node's pods: no more fit. */
  static final int NODES = 250;

  /** A lab with wires. */
  public Addresses(int block) {
    this(block, false);
  }

  /** Returns the lab whose apiserver is at this address; empty when it is no lab's. */
  static Optional<Addresses> ofServer(String address) {
    return IntStream.range(0, BLOCKS)
        .mapToObj(Addresses::new)
        .filter(lab -> List.of(lab.apiserver(), lab.nodesUplink()).contains(address))
        .findFirst();
  }

  /** An address of the block that nobody serves on; who has bound it has the block. */
  String guard() {
    return "127.0.%d.254".formatted(10 + 2 * block);
  }

  /** An address that nothing of a lab ever has. */
  public String unused() {
    return "127.0.%d.253".formatted(10 + 2 * block);
  }

  /** The first of two /16 networks of nodes: 127.10 to 127.19, then 127.40 to 127.61. */
  private int nodeNetwork() {
    return (block < 5 ? 10 : 30) + 2 * block;
  }

  /** Where the apiserver listens. */
  public String apiserver() {
    return "127.0.%d.1".formatted(10 + 2 * block);
  }

  /** Where whoever has no wire on the way finds the apiserver. */
  public String apiserverUrl() {
    return url(apiserver());
  }

  /** The source address of the scheduler. */
  public String scheduler() {
    return "127.0.%d.2".formatted(10 + 2 * block);
  }

  /** The source address of the controller manager. */
  public String controllerManager() {
    return "127.0.%d.3".formatted(10 + 2 * block);
  }

  /** Where nodes find the apiserver: the wire from the node network. */
  public String nodesUplink() {
    return large ? apiserver() : "127.0.%d.1".formatted(11 + 2 * block);
  }

  /** Where the scheduler finds the apiserver. */
  public String schedulerUplink() {
    return large ? apiserver() : "127.0.%d.2".formatted(11 + 2 * block);
  }

  /** Where the controller manager finds the apiserver. */
  public String controllerManagerUplink() {
    return large ? apiserver() : "127.0.%d.3".formatted(11 + 2 * block);
  }

  /** Where the Konnectivity server listens, for the hub and for agents. */
  public String konnectivityServer() {
    return "127.0.%d.4".formatted(10 + 2 * block);
  }

  /** Where agents find the Konnectivity server: the wire from the node network. */
  public String konnectivityUplink() {
    return "127.0.%d.4".formatted(11 + 2 * block);
  }

  /** Every address that something of the control plane connects from. */
  public Set<String> controlPlane() {
    return Set.of(apiserver(), scheduler(), controllerManager(), konnectivityServer());
  }

  /** What the n-th node advertises, from 1: its wire's address. */
  public String nodeAdvertises(int n) {
    return "127.%d.%d.%d".formatted(nodeNetwork(), n / 250, n % 250 + 1);
  }

  /** Where the n-th node's kubelet listens. */
  public String nodeListens(int n) {
    return large
        ? nodeAdvertises(n)
        : "127.%d.%d.%d".formatted(nodeNetwork() + 1, n / 250, n % 250 + 1);
  }

  /** All addresses that nodes may advertise. */
  public String nodeRange() {
    return "127.%d.0.0/16".formatted(nodeNetwork());
  }

  /** All addresses that pods may have. */
  public String podRange() {
    return large
        ? "127.%d.0.0/11".formatted(largePodNetwork())
        : "127.%d.0.0/16".formatted(20 + block);
  }

  /** The n-th node's pods. */
  public String podCidr(int n) {
    return large
        ? "127.%d.%d.%d/25".formatted(largePodNetwork() + n / 512, n / 2 % 256, n % 2 * 128)
        : "127.%d.%d.0/24".formatted(20 + block, n % 250);
  }

  /** The first of 32 /16 networks: 127.128, 127.160, 127.192 or 127.224. */
  private int largePodNetwork() {
    return 128 + 32 * block;
  }

  /** Where the n-th node's pods listen when a wire stands on their own addresses. */
  public String podListenCidr(int n) {
    return "127.%d.%d.0/24".formatted(70 + block, n % 250);
  }

  /** The virtual addresses of services; block 0 has 127.96. */
  public String serviceRange() {
    return "127.%d.0.0/16".formatted(96 + block);
  }

  /** The virtual address of service {@code kubernetes}: the first of them. */
  public String kubernetesService() {
    return "127.%d.0.1".formatted(96 + block);
  }

  /** Where something listens that is said to be at this address of a node or pod. */
  public String listensBehind(String advertised) {
    var parts = advertised.split("\\.", -1);
    var network = Integer.parseInt(parts[1]);
    parts[1] = String.valueOf(network == nodeNetwork() ? network + 1 : network + 50);
    return String.join(".", parts);
  }

  /** What certificates and kubeconfigs of this lab say of its control plane. */
  ControlPlaneEndpoints endpoints() {
    var names = new ArrayList<>(ControlPlaneEndpoints.WELL_KNOWN);
    names.addAll(
        List.of(
            kubernetesService(),
            apiserver(),
            nodesUplink(),
            schedulerUplink(),
            controllerManagerUplink()));
    return new ControlPlaneEndpoints(
        apiserverUrl(),
        url(schedulerUplink()),
        url(controllerManagerUplink()),
        names,
        List.of(konnectivityServer(), konnectivityUplink()));
  }

  /** The apiserver's URL at one of its addresses. */
  static String url(String address) {
    return "https://" + address + ":" + API_PORT;
  }
}
