package io.hubspoke.lab;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Where the parts of one mesh live. Each side of the hub finds the other at addresses that wires
 * stand on; what is behind a wire listens at another address, or at the same where packets are
 * routed past it.
 */
public sealed interface Addresses permits LoopbackAddresses, RoutedAddresses, DeployedAddresses {
  int API_PORT = 6443;
  int KUBELET_PORT = 10250;

  /** Where Konnectivity agents connect to, as in Kubernetes' own example. */
  int AGENT_PORT = 8132;

  /** Where an egress selector that speaks TCP finds the Konnectivity server. */
  int KONNECTIVITY_PORT = 8131;

  /** Where the audit's programs in pods serve what the control plane is to ask for, in clear. */
  int PAGE_PORT = 8080;

  /** The same over HTTPS. */
  int SECURE_PAGE_PORT = 8443;

  /** A network of its own for each node's pods: no more fit. */
  int NODES = 250;

  /** Returns the lab on loopback whose apiserver is at this address; empty when it is no lab's. */
  static Optional<Addresses> ofServer(String address) {
    return IntStream.range(0, LoopbackAddresses.BLOCKS)
        .<Addresses>mapToObj(LoopbackAddresses::new)
        .filter(lab -> List.of(lab.apiserver(), lab.nodesUplink()).contains(address))
        .findFirst();
  }

  /** The apiserver's URL at one of its addresses. */
  static String url(String address) {
    return "https://" + address + ":" + API_PORT;
  }

  /** Where whoever has no wire on the way finds the apiserver. */
  default String apiserverUrl() {
    return url(apiserver());
  }

  /** Every address that something of the control plane connects from. */
  default Set<String> controlPlane() {
    return Set.of(apiserver(), scheduler(), controllerManager(), konnectivityServer());
  }

  /** An address that nothing of a lab ever has. */
  String unused();

  /** Where the apiserver listens. */
  String apiserver();

  /** The source address of the scheduler. */
  String scheduler();

  /** The source address of the controller manager. */
  String controllerManager();

  /** Where nodes find the apiserver: the wire from the node network. */
  String nodesUplink();

  /** Where the scheduler finds the apiserver. */
  String schedulerUplink();

  /** Where the controller manager finds the apiserver. */
  String controllerManagerUplink();

  /** Where the Konnectivity server listens, for the hub and for agents. */
  String konnectivityServer();

  /** Where agents find the Konnectivity server: the wire from the node network. */
  String konnectivityUplink();

  /** What the n-th node advertises, from 1: its wire's address. */
  String nodeAdvertises(int n);

  /** Where the n-th node's kubelet listens. */
  String nodeListens(int n);

  /** All addresses that nodes may advertise. */
  String nodeRange();

  /** All addresses that pods may have. */
  String podRange();

  /** The n-th node's pods. */
  String podCidr(int n);

  /** Where the n-th node's pods listen when a wire stands on their own addresses. */
  String podListenCidr(int n);

  /** The virtual addresses of services; block 0 has 127.96. */
  String serviceRange();

  /** The virtual address of service {@code kubernetes}: the first of them. */
  String kubernetesService();

  /** Where something listens that is said to be at this address of a node or pod. */
  String listensBehind(String advertised);

  /** The address of somebody on the nodes' network who is no node. */
  String stranger();

  /**
   * From where somebody on the untrusted segment calls both what is on it and what is behind it.
   */
  String onSegment();
}
