package io.hubspoke.apiserver.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.Future;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds one of a service's ready endpoints at random. As at the real apiserver, only an address
 * that a pod of the same namespace has counts: whoever may write endpoints could otherwise point
 * the apiserver anywhere.
 */
final class ServiceBackends implements BackendFinder {
  private final Lister lister;
  private final ServiceEndpoints endpoints;
  private final AllowedAddresses allowed;

  ServiceBackends(Lister lister, AllowedAddresses allowed) {
    this.lister = lister;
    this.endpoints = new ServiceEndpoints(lister, true);
    this.allowed = allowed;
  }

  @Override
  public Future<Backend> find(ApiRequest request) {
    TargetName target = TargetName.parse("service", request.info().name());
    String namespace = request.info().namespace();
    ObjectNode service = lister.need(ResourceTable.SERVICES.type(), namespace, target.name());
    String port = portName(service, target);
    List<ServiceEndpoints.Endpoint> ready = endpoints.ready(namespace, target.name(), port);
    if (ready.isEmpty()) {
      throw Status.serviceUnavailable(
              "no endpoints available for service \"" + target.name() + "\"")
          .toException();
    }
    ServiceEndpoints.Endpoint chosen = ready.get(ThreadLocalRandom.current().nextInt(ready.size()));
    return Future.succeededFuture(
        PodBackends.direct(allowed, target.tls(), chosen.ip(), chosen.port(), chosen.node()));
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
}
