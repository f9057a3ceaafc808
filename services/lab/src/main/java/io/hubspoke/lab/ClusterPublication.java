package io.hubspoke.lab;

import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.join.ClusterInfo;
import io.hubspoke.lab.join.KubeletConfig;
import io.vertx.core.Future;
import java.util.Set;

/** Publishes what nodes that join must know, as an installer does: kubeadm's two ConfigMaps. */
record ClusterPublication(ClusterInfo cluster, KubeletConfig kubelet) {
  /** The paths at which callers without credentials are let in. */
  static final Set<String> ANONYMOUS_PATHS =
      Set.of(
          "/api/v1/namespaces/%s/configmaps/%s".formatted(ClusterInfo.NAMESPACE, ClusterInfo.NAME));

  Future<Void> publish(ApiClient admin) {
    return Future.all(
            map(
                admin,
                ClusterInfo.NAMESPACE,
                ClusterInfo.NAME,
                ClusterInfo.KUBECONFIG,
                cluster.kubeconfig()),
            map(
                admin,
                KubeletConfig.NAMESPACE,
                KubeletConfig.NAME,
                KubeletConfig.KEY,
                kubelet.yaml()))
        .mapEmpty();
  }

  private static Future<?> map(
      ApiClient admin, String namespace, String name, String key, String value) {
    var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata").put("name", name).put("namespace", namespace);
    map.putObject("data").put(key, value);
    return admin.create(Resource.CONFIG_MAPS.tree(), namespace, map);
  }
}
