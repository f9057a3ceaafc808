package io.hubspoke.controllermanager;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.hubspoke.tokens.DetachedSignature;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Signs ConfigMap {@code cluster-info} with every bootstrap token that may sign, so that a node
 * that knows a token and nothing else can tell whether what it reads there is the cluster's.
 */
final class BootstrapSigner implements Controller {
  static final String NAMESPACE = "kube-public";
  static final String NAME = "cluster-info";
  private static final String SIGNED = "kubeconfig";
  private static final String SIGNATURE = "jws-kubeconfig-";

  private final ApiClient client;
  private final Informer<ObjectNode> clusterInfo;
  private final Informer<ObjectNode> tokens;
  private final ControlLoop<String> loop;

  /**
   * @param clusterInfo the one map
   * @param tokens the secrets with bootstrap tokens
   */
  BootstrapSigner(
      ApiClient client,
      Context context,
      Informer<ObjectNode> clusterInfo,
      Informer<ObjectNode> tokens) {
    this.client = client;
    this.clusterInfo = clusterInfo;
    this.tokens = tokens;
    this.loop = new ControlLoop<>("bootstrapsigner", context, 1, this::reconcile);
    clusterInfo.addHandler(loop.onChange(item -> NAME));
    tokens.addHandler(loop.onChange(item -> NAME));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String name) {
    Future.all(clusterInfo.hasSynced(), tokens.hasSynced()).await();
    var map = clusterInfo.get(NAMESPACE, name);
    var signed = map == null ? "" : map.path("data").path(SIGNED).asText("");
    if (signed.isEmpty()) {
      return Duration.ZERO;
    }
    var signatures = new TreeMap<String, String>();
    for (var item : tokens.items()) {
      var token = BootstrapTokenSecret.of(item.object());
      if (token != null && token.signs() && token.expires().isAfter(Instant.now())) {
        signatures.put(
            SIGNATURE + token.id(), DetachedSignature.of(signed, token.id(), token.secret()));
      }
    }
    var wanted = map.deepCopy();
    var data = wanted.withObject("/data");
    data.remove(obsolete(data));
    signatures.forEach(data::put);
    if (!data.equals(map.path("data"))) {
      try {
        client.update(Resource.CONFIG_MAPS.tree(), NAMESPACE, name, wanted).await();
      } catch (ApiException e) {
        if (e.code() != 404) {
          throw e;
        }
      }
    }
    // A token that expires is deleted, and that is told here as well.
    return Duration.ZERO;
  }

  private static List<String> obsolete(ObjectNode data) {
    var names = new ArrayList<String>();
    data.fieldNames()
        .forEachRemaining(
            field -> {
              if (field.startsWith(SIGNATURE)) {
                names.add(field);
              }
            });
    return names;
  }
}
