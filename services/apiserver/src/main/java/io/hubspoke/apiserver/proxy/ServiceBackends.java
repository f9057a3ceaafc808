package io.hubspoke.apiserver.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.NetworkingResources;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds one of a service's ready endpoints at random. As at the real apiserver, only an address
 * that a pod of the same namespace has counts: whoever may write endpoints could otherwise point
 * the apiserver anywhere.
 */
final class ServiceBackends implements BackendFinder {
  private static final String SERVICE_NAME = "kubernetes.io/service-name";

  private final Lister lister;
  private final AllowedAddresses allowed;

  ServiceBackends(Lister lister, AllowedAddresses allowed) {
    this.lister = lister;
    this.allowed = allowed;
  }

  private record Endpoint(String ip, int port, String node) {}

  @Override
  public Future<Backend> find(ApiRequest request) {
    TargetName target = TargetName.parse("service", request.info().name());
    String namespace = request.info().namespace();
    ObjectNode service = lister.need(ResourceTable.SERVICES.type(), namespace, target.name());
    String port = portName(service, target);
    List<Endpoint> ready = slices(namespace, target.name(), port);
    if (ready.isEmpty()) {
      ready = endpoints(namespace, target.name(), port);
    }
    if (ready.isEmpty()) {
      throw Status.serviceUnavailable(
              "no endpoints available for service \"" + target.name() + "\"")
          .toException();
    }
    Endpoint chosen = ready.get(ThreadLocalRandom.current().nextInt(ready.size()));
    return Future.succeededFuture(
        PodBackends.direct(allowed, target.tls(), chosen.ip, chosen.port, chosen.node));
  }

  /** Returns the name of the service's port, which endpoints have too, by its name or number. */
  private static String portName(ObjectNode service, TargetName target) {
    long number;
    try {
      number = Long.parseLong(target.port());
    } catch (NumberFormatException name) {
      return target.port();
    }
    for (JsonNode port : service.path("spec").path("ports")) {
      if (port.path("port").asLong() == number) {
        return port.path("name").asText("");
      }
    }
    throw Status.serviceUnavailable(
            "no service port %d found for service \"%s\"".formatted(number, target.name()))
        .toException();
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
    JsonNode target = endpoint.path("targetRef");
    if (!target.path("kind").asText().equals("Pod")
        || !target.path("namespace").asText(namespace).equals(namespace)) {
      return;
    }
    ObjectNode pod = lister.get(ResourceTable.PODS.type(), namespace, target.path("name").asText());
    if (pod != null && has(pod, ip)) {
      // What the pod says counts, as for its address: endpoints may be anybody's.
      found.add(new Endpoint(ip, port, pod.path("spec").path("nodeName").asText("")));
    }
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
