package io.hubspoke.apiserver.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;
import java.net.InetAddress;

/** Finds a pod by its address, at the port asked for or the first that a container declares. */
final class PodBackends implements BackendFinder {
  private final Lister lister;
  private final ResourceType pods;
  private final AllowedAddresses allowed;

  PodBackends(Lister lister, ResourceType pods, AllowedAddresses allowed) {
    this.lister = lister;
    this.pods = pods;
    this.allowed = allowed;
  }

  @Override
  public Future<Backend> find(ApiRequest request) {
    TargetName target = TargetName.parse("pod", request.info().name());
    ObjectNode pod = lister.need(pods, request.info().namespace(), target.name());
    String ip = pod.path("status").path("podIP").asText("");
    int port = target.portOr(firstPort(pod, target.tls() ? 443 : 80));
    String node = pod.path("spec").path("nodeName").asText("");
    return Future.succeededFuture(direct(allowed, target.tls(), ip, port, node));
  }

  /**
   * Returns a backend at an address that somebody named.
   *
   * @param node on which it is; empty when nobody knows
   * @throws io.hubspoke.api.ApiException 400 when it is none, or not allowed
   */
  static Backend direct(AllowedAddresses allowed, boolean tls, String ip, int port, String node) {
    InetAddress address;
    try {
      // Never a name: looking it up would already be the backend's choice.
      address = InetAddress.ofLiteral(ip);
    } catch (IllegalArgumentException e) {
      throw Status.badRequest("address not allowed").toException();
    }
    if (!allowed.contains(address)) {
      throw Status.badRequest("address not allowed").toException();
    }
    return new Backend.Direct(tls, new Target(address.getHostAddress(), port, node));
  }

  private static int firstPort(ObjectNode pod, int otherwise) {
    for (JsonNode container : pod.path("spec").path("containers")) {
      int port = container.path("ports").path(0).path("containerPort").asInt();
      if (port > 0) {
        return port;
      }
    }
    return otherwise;
  }
}
