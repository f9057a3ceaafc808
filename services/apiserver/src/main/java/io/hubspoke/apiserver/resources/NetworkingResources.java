package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import java.util.List;

/** The resources of {@code networking.k8s.io} and {@code discovery.k8s.io}. */
public final class NetworkingResources {
  private static final String NETWORKING = "networking.k8s.io";

  public static final Resource ENDPOINT_SLICES =
      type("discovery.k8s.io", "EndpointSlice", "endpointslices", true)
          .with(new EndpointSliceStrategy(), NetworkingColumns.endpointSlices());
  public static final Resource INGRESSES =
      type(NETWORKING, "Ingress", "ingresses", true)
          .alias("ing")
          .sub("status")
          .with(new IngressStrategy(), NetworkingColumns.ingresses());
  public static final Resource INGRESS_CLASSES =
      type(NETWORKING, "IngressClass", "ingressclasses", false)
          .with(new IngressClassStrategy(), NetworkingColumns.ingressClasses());
  public static final Resource IP_ADDRESSES =
      type(NETWORKING, "IPAddress", "ipaddresses", false)
          .alias("ip")
          .with(new IpAddressStrategy(), NetworkingColumns.ipAddresses());
  public static final Resource NETWORK_POLICIES =
      type(NETWORKING, "NetworkPolicy", "networkpolicies", true)
          .alias("netpol")
          .with(new NetworkPolicyStrategy(), NetworkingColumns.networkPolicies());
  public static final Resource SERVICE_CIDRS =
      type(NETWORKING, "ServiceCIDR", "servicecidrs", false)
          .sub("status")
          .with(new ServiceCidrStrategy(), NetworkingColumns.serviceCidrs());

  static final List<Resource> ALL =
      List.of(
          ENDPOINT_SLICES,
          INGRESSES,
          INGRESS_CLASSES,
          IP_ADDRESSES,
          NETWORK_POLICIES,
          SERVICE_CIDRS);

  private NetworkingResources() {}
}
