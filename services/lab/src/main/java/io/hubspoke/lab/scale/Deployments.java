package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.runtime.Component;

/** Pods of Deployments, which are made by their controllers and placed by the scheduler. */
final class Deployments {
  static final String NAMESPACE = "scale";

  /** Replicas of one Deployment. */
  private static final int REPLICAS = 500;

  private static final Resource<ObjectNode> DEPLOYMENTS =
      Resource.namespaced("apps", "v1", "deployments", ObjectNode.class);

  private Deployments() {}

  static void createNamespace(ApiClient client) throws Exception {
    Component.await(
        client.create(
            Resource.NAMESPACES,
            "",
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build()));
  }

  /** Makes Deployments for so many pods. */
  static void create(ApiClient client, int pods) throws Exception {
    for (var made = 0; made < pods; made += REPLICAS) {
      var replicas = Math.min(REPLICAS, pods - made);
      Component.await(
          client.create(DEPLOYMENTS, NAMESPACE, deployment("pause-" + made / REPLICAS, replicas)));
    }
  }

  private static ObjectNode deployment(String name, int replicas) {
    var deployment = Json.object().put("apiVersion", "apps/v1").put("kind", "Deployment");
    deployment.putObject("metadata").put("name", name);
    var spec = deployment.putObject("spec").put("replicas", replicas);
    spec.putObject("selector").putObject("matchLabels").put("app", name);
    var template = spec.putObject("template");
    template.putObject("metadata").putObject("labels").put("app", name);
    template
        .putObject("spec")
        .putArray("containers")
        .addObject()
        .put("name", "pause")
        .put("image", "hubspoke/pause");
    return deployment;
  }
}
