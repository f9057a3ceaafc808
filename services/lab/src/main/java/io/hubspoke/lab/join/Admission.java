package io.hubspoke.lab.join;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.Resource;
import io.hubspoke.runtime.Component;
import io.vertx.core.Vertx;
import java.io.IOException;

/**
 * Asks a cluster that is known by now, with the token, whether a node of a name may come and what
 * it shall be like. Methods block.
 */
public final class Admission {
  private final Vertx vertx;
  private final ClusterInfo cluster;
  private final JoinToken token;

  public Admission(Vertx vertx, ClusterInfo cluster, JoinToken token) {
    this.vertx = vertx;
    this.cluster = cluster;
    this.token = token;
  }

  /**
   * Returns what the cluster wants of the node's kubelet.
   *
   * @throws IOException when the node may not come; the message says why in one line
   */
  public KubeletConfig ask(String nodeName) throws IOException {
    var config =
        ClientConfig.of(
                cluster.server(), cluster.authorities(), new Credentials.Token(token.value()))
            .withUserAgent("hubspoke-join");
    var client = new ApiClient(vertx, config);
    try {
      nameIsFree(client, nodeName);
      return kubeletConfig(client);
    } catch (IOException e) {
      throw e;
    } catch (ApiException e) {
      throw new IOException(
          e.code() == 401
              ? "the token id \"%s\" is invalid for this cluster or it has expired; \"hubspoke token create\" makes a new one"
                  .formatted(token.id())
              : cluster.server() + ": " + e.getMessage(),
          e);
    } catch (Exception e) {
      throw new IOException(cluster.server() + ": " + Component.reason(e), e);
    } finally {
      client.close().otherwiseEmpty();
    }
  }

  /** As with kubeadm, a name is free again when its node is not ready any more. */
  private static void nameIsFree(ApiClient client, String name) throws Exception {
    JsonNode node;
    try {
      node = Component.await(client.get(Resource.NODES.tree(), "", name));
    } catch (ApiException e) {
      if (e.code() == 404) {
        return;
      }
      throw e;
    }
    for (var condition : node.path("status").path("conditions")) {
      if (condition.path("type").asText().equals("Ready")
          && condition.path("status").asText().equals("True")) {
        throw new IOException(
            "a Node with name \"%s\" and status \"Ready\" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node (--node-name)"
                .formatted(name));
      }
    }
  }

  private static KubeletConfig kubeletConfig(ApiClient client) throws Exception {
    JsonNode map;
    try {
      map =
          Component.await(
              client.get(Resource.CONFIG_MAPS.tree(), KubeletConfig.NAMESPACE, KubeletConfig.NAME));
    } catch (ApiException e) {
      if (e.code() == 404) {
        return KubeletConfig.parse("{}");
      }
      throw e;
    }
    return KubeletConfig.parse(map.path("data").path(KubeletConfig.KEY).asText("{}"));
  }
}
