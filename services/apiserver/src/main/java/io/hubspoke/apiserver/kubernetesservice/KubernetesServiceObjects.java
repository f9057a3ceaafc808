package io.hubspoke.apiserver.kubernetesservice;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Json;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * What the {@code kubernetes} service consists of.
 *
 * @param serviceRange the service has its first address
 * @param port that every replica serves
 */
public record KubernetesServiceObjects(String serviceRange, int port) {
  public static final String NAMESPACE = "default";
  public static final String NAME = "kubernetes";

  ObjectNode service() {
    var address = serviceAddress(serviceRange);
    var service = Json.object().put("apiVersion", "v1").put("kind", "Service");
    service
        .putObject("metadata")
        .put("name", NAME)
        .putObject("labels")
        .put("component", "apiserver")
        .put("provider", "kubernetes");
    var spec = service.putObject("spec");
    spec.put("type", "ClusterIP").put("clusterIP", address).putArray("clusterIPs").add(address);
    spec.putArray("ipFamilies").add(address.contains(":") ? "IPv6" : "IPv4");
    spec.put("ipFamilyPolicy", "SingleStack").put("sessionAffinity", "None");
    spec.put("internalTrafficPolicy", "Cluster");
    spec.putArray("ports")
        .addObject()
        .put("name", "https")
        .put("protocol", "TCP")
        .put("port", 443)
        .put("targetPort", port);
    return service;
  }

  /** The Endpoints object, which is not to be mirrored: its slice is made here too. */
  ObjectNode endpoints(List<String> addresses) {
    var endpoints = Json.object().put("apiVersion", "v1").put("kind", "Endpoints");
    endpoints
        .putObject("metadata")
        .put("name", NAME)
        .putObject("labels")
        .put("endpointslice.kubernetes.io/skip-mirror", "true");
    var subset = endpoints.putArray("subsets").addObject();
    var list = subset.putArray("addresses");
    addresses.forEach(address -> list.addObject().put("ip", address));
    subset.putArray("ports").addObject().setAll(https());
    return endpoints;
  }

  ObjectNode slice(List<String> addresses) {
    var slice = Json.object().put("apiVersion", "discovery.k8s.io/v1").put("kind", "EndpointSlice");
    slice
        .putObject("metadata")
        .put("name", NAME)
        .putObject("labels")
        .put("kubernetes.io/service-name", NAME);
    slice.put("addressType", addresses.getFirst().contains(":") ? "IPv6" : "IPv4");
    var endpoints = slice.putArray("endpoints");
    for (var address : addresses) {
      var endpoint = endpoints.addObject();
      endpoint.putArray("addresses").add(address);
      endpoint.putObject("conditions").put("ready", true);
    }
    slice.putArray("ports").addObject().setAll(https());
    return slice;
  }

  private ObjectNode https() {
    return Json.object().put("name", "https").put("port", port).put("protocol", "TCP");
  }

  /** Returns the first address of the range, which is the {@code kubernetes} service's. */
  public static String serviceAddress(String range) {
    var address = AddressRange.parse(range).base().getAddress();
    address[address.length - 1]++;
    try {
      return InetAddress.getByAddress(address).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(range, e);
    }
  }
}
