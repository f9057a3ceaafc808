package io.hubspoke.apiserver.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.NetworkingResources;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the ready endpoints of services. */
public final class ServiceEndpoints {
  private static final String SERVICE_NAME = "kubernetes.io/service-name";

  private final Lister lister;
  private final boolean podsAlone;

  /**
   * @param podsAlone whether only an address counts that a pod of the same namespace has
   */
  public ServiceEndpoints(Lister lister, boolean podsAlone) {
    this.lister = lister;
    this.podsAlone = podsAlone;
  }

  /**
   * One of them.
   *
   * @param node on which it is; empty when no pod says so
   */
  public record Endpoint(String ip, int port, String node) {}

  /**
   * Returns those of a service's port.
   *
   * @param port its name, which endpoints have too; empty for one without a name
   */
  public List<Endpoint> ready(String namespace, String service, String port) {
    List<Endpoint> ready = slices(namespace, service, port);
    return ready.isEmpty() ? endpoints(namespace, service, port) : ready;
  }

  private List<Endpoint> slices(String namespace, String service, String port) {
    List<Endpoint> found = new ArrayList<>();
    for (ObjectNode slice : lister.list(NetworkingResources.ENDPOINT_SLICES.type(), namespace)) {
      JsonNode labels = slice.path("metadata").path("labels");
      int number = port(slice.path("ports"), port);
      if (!labels.path(SERVICE_NAME).asText("").equals(service) || number == 0) {
        continue;
      }
      for (JsonNode endpoint : slice.path("endpoints")) {
        // What is not said to be unready is ready (EndpointConditions).
        if (endpoint.path("conditions").path("ready").asBoolean(true)) {
          endpoint
              .path("addresses")
              .forEach(ip -> add(found, namespace, ip.asText(), number, endpoint));
        }
      }
    }
    return found;
  }

  private List<Endpoint> endpoints(String namespace, String service, String port) {
    List<Endpoint> found = new ArrayList<>();
    ObjectNode endpoints = lister.get(ResourceTable.ENDPOINTS.type(), namespace, service);
    if (endpoints == null) {
      return found;
    }
    for (JsonNode subset : endpoints.path("subsets")) {
      int number = port(subset.path("ports"), port);
      if (number > 0) {
        subset
            .path("addresses")
            .forEach(at -> add(found, namespace, at.path("ip").asText(), number, at));
      }
    }
    return found;
  }

  private static int port(JsonNode ports, String name) {
    for (JsonNode port : ports) {
      if (port.path("name").asText("").equals(name)) {
        return port.path("port").asInt();
      }
    }
    return 0;
  }

  private void add(List<Endpoint> found, String namespace, String ip, int port, JsonNode endpoint) {
    Optional<ObjectNode> pod = pod(namespace, ip, endpoint.path("targetRef"));
    if (pod.isPresent() || !podsAlone) {
      // What the pod says counts, as for its address: endpoints may be anybody's.
      String node = pod.map(p -> p.path("spec").path("nodeName").asText("")).orElse("");
      found.add(new Endpoint(ip, port, node));
    }
  }

  private Optional<ObjectNode> pod(String namespace, String ip, JsonNode target) {
    if (!target.path("kind").asText().equals("Pod")
        || !target.path("namespace").asText(namespace).equals(namespace)) {
      return Optional.empty();
    }
    return Optional.ofNullable(
            lister.get(ResourceTable.PODS.type(), namespace, target.path("name").asText()))
        .filter(pod -> has(pod, ip));
  }

  private static boolean has(ObjectNode pod, String ip) {
    for (JsonNode one : pod.path("status").path("podIPs")) {
      if (one.path("ip").asText().equals(ip)) {
        return true;
      }
    }
    return pod.path("status").path("podIP").asText("").equals(ip);
  }
}
