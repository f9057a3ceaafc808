package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.proxy.ServiceEndpoints;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds where a service's webhook is to be dialled: at the service's virtual address, or at one of
 * its endpoints ({@code --enable-aggregator-routing}). Endpoints and the names of {@code
 * ExternalName} services are what whoever may write them says, so that those which would lead the
 * apiserver to itself or its neighbours are refused.
 */
final class ServiceResolver {
  private final Vertx vertx;
  private final Lister lister;
  private final ServiceEndpoints endpoints;
  private final boolean toEndpoints;
  private final AllowedAddresses allowed;
  private final Egress egress;

  ServiceResolver(Vertx vertx, Lister lister, WebhookOptions options, Egress egress) {
    this.vertx = vertx;
    this.lister = lister;
    this.endpoints = new ServiceEndpoints(lister, false);
    this.toEndpoints = options.aggregatorRouting();
    this.allowed = options.allowed();
    this.egress = egress;
  }

  Future<Target> resolve(Destination.Service destination) {
    ObjectNode service =
        lister.get(ResourceTable.SERVICES.type(), destination.namespace(), destination.name());
    if (service == null) {
      return unavailable("service \"" + destination.name() + "\" not found");
    }
    JsonNode spec = service.path("spec");
    boolean external = spec.path("type").asText("").equals("ExternalName");
    if (external) {
      return toEndpoints
          ? unavailable("unsupported service type \"ExternalName\"")
          : external(spec.path("externalName").asText(""), destination.port());
    }
    for (JsonNode port : spec.path("ports")) {
      if (port.path("port").asInt() == destination.port()) {
        return toEndpoints
            ? endpoint(destination, port.path("name").asText(""))
            : virtual(spec.path("clusterIP").asText(""), destination.port());
      }
    }
    return unavailable(
        "no service port %d found for service \"%s\""
            .formatted(destination.port(), destination.name()));
  }

  private static Future<Target> virtual(String clusterIp, int port) {
    return clusterIp.isEmpty() || clusterIp.equals("None")
        ? unavailable("cannot route to service with ClusterIP \"None\"")
        : Future.succeededFuture(new Target(clusterIp, port));
  }

  private Future<Target> endpoint(Destination.Service destination, String port) {
    List<ServiceEndpoints.Endpoint> ready =
        endpoints.ready(destination.namespace(), destination.name(), port);
    if (ready.isEmpty()) {
      return unavailable("no endpoints available for service \"" + destination.name() + "\"");
    }
    var chosen = ready.get(ThreadLocalRandom.current().nextInt(ready.size()));
    if (!AllowedAddresses.isLiteral(chosen.ip())
        || !allowed.contains(InetAddress.ofLiteral(chosen.ip()))) {
      return unavailable("address not allowed: " + chosen.ip());
    }
    return Future.succeededFuture(new Target(chosen.ip(), chosen.port(), chosen.node()));
  }

  private Future<Target> external(String name, int port) {
    if (!egress.isDirect() && !AllowedAddresses.isLiteral(name)) {
      return AllowedAddresses.allowsName(name)
          ? Future.succeededFuture(new Target(name, port))
          : unavailable("address not allowed: " + name);
    }
    return AllowedAddresses.resolve(vertx, name)
        .compose(
            ip ->
                allowed.contains(ip)
                    ? Future.succeededFuture(new Target(ip.getHostAddress(), port))
                    : unavailable("address not allowed: " + name));
  }

  private static Future<Target> unavailable(String why) {
    return Future.failedFuture(Status.serviceUnavailable(why).toException());
  }
}
