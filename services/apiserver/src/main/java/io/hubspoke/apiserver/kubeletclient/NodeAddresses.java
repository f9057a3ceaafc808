package io.hubspoke.apiserver.kubeletclient;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;

/**
 * Finds where a node's kubelet listens, by what the node reports of itself. Nodes are not trusted
 * to name any address: one that leads back to this machine or its link is refused, as it would let
 * a node use the apiserver against its neighbours.
 */
public final class NodeAddresses {
  private static final int DEFAULT_PORT = 10250;

  private final Vertx vertx;
  private final Lister lister;
  private final ResourceType nodes;
  private final List<String> preferredTypes;
  private final AllowedAddresses allowed;
  private final Egress egress;

  /** A kubelet: the host to verify its certificate against, and what to connect to. */
  public record KubeletAddress(String host, Target target) {}

  /**
   * @param egress the way on which nodes are reached; unless it is direct, names are left to its
   *     far end
   */
  public NodeAddresses(
      Vertx vertx, Lister lister, ResourceType nodes, KubeletClientOptions options, Egress egress) {
    this.vertx = vertx;
    this.lister = lister;
    this.nodes = nodes;
    this.preferredTypes = options.preferredAddressTypes();
    this.allowed = new AllowedAddresses(options.loopbackRanges());
    this.egress = egress;
  }

  /**
   * Finds a node's kubelet; fails with 404 when there is no such node, 400 on a refused address.
   */
  public Future<KubeletAddress> of(String node) {
    ObjectNode object = lister.get(nodes, "", node);
    if (object == null) {
      return Future.failedFuture(Status.notFound(nodes, node).toException());
    }
    String host = preferred(object);
    if (host.isEmpty()) {
      return Future.failedFuture(
          Status.of(
                  500,
                  "InternalError",
                  "no preferred addresses found; known addresses: "
                      + object.path("status").path("addresses"))
              .toException());
    }
    int reported =
        object.path("status").path("daemonEndpoints").path("kubeletEndpoint").path("Port").asInt();
    int port = reported > 0 && reported < 65536 ? reported : DEFAULT_PORT;
    return dialled(Meta.name(object), host)
        .map(dialled -> new KubeletAddress(host, new Target(dialled, port, node)));
  }

  private Future<String> dialled(String node, String host) {
    if (!egress.isDirect() && !AllowedAddresses.isLiteral(host)) {
      return AllowedAddresses.allowsName(host)
          ? Future.succeededFuture(host)
          : Future.failedFuture(notAllowed(node, host));
    }
    return AllowedAddresses.resolve(vertx, host)
        .compose(
            ip ->
                allowed.contains(ip)
                    ? Future.succeededFuture(ip.getHostAddress())
                    : Future.failedFuture(notAllowed(node, host)));
  }

  private static ApiException notAllowed(String node, String host) {
    return Status.badRequest("address not allowed: node %s is at %s".formatted(node, host))
        .toException();
  }

  private String preferred(ObjectNode node) {
    for (String type : preferredTypes) {
      for (JsonNode address : node.path("status").path("addresses")) {
        String value = address.path("address").asText("");
        if (address.path("type").asText().equals(type) && !value.isEmpty()) {
          return value;
        }
      }
    }
    return "";
  }
}
