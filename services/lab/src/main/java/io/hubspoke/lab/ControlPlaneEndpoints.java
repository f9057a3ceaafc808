package io.hubspoke.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a cluster's control plane is: what its certificates name and what kubeconfigs say.
 *
 * @param server the apiserver's URL for administrators
 * @param schedulerServer its URL for the scheduler
 * @param controllerManagerServer its URL for the controller manager
 * @param apiserverNames names and addresses of the apiserver
 * @param konnectivityNames names and addresses at which agents find a Konnectivity server
 */
record ControlPlaneEndpoints(
    String server,
    String schedulerServer,
    String controllerManagerServer,
    List<String> apiserverNames,
    List<String> konnectivityNames) {

  /** Names that every apiserver has, whatever its addresses are. */
  static final List<String> WELL_KNOWN =
      List.of(
          "kubernetes",
          "kubernetes.default",
          "kubernetes.default.svc",
          "kubernetes.default.svc.cluster.local",
          "localhost",
          "127.0.0.1");

  /** What certificates and kubeconfigs of a mesh at these addresses say. */
  static ControlPlaneEndpoints of(Addresses addresses) {
    var names = new ArrayList<>(WELL_KNOWN);
    names.addAll(
        List.of(
            addresses.kubernetesService(),
            addresses.apiserver(),
            addresses.nodesUplink(),
            addresses.schedulerUplink(),
            addresses.controllerManagerUplink()));
    return new ControlPlaneEndpoints(
        addresses.apiserverUrl(),
        Addresses.url(addresses.schedulerUplink()),
        Addresses.url(addresses.controllerManagerUplink()),
        names,
        List.of(addresses.konnectivityServer(), addresses.konnectivityUplink()));
  }

  ControlPlaneEndpoints {
    apiserverNames = List.copyOf(apiserverNames);
    konnectivityNames = List.copyOf(konnectivityNames);
  }
}
