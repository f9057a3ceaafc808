package io.hubspoke.kubelet.server;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;

/** Serves {@code /pods} and {@code /runningpods/}. */
final class PodLists {
  private final NodePods pods;

  PodLists(NodePods pods) {
    this.pods = pods;
  }

  /** Answers with the pods bound to the node, and their status as this node knows it. */
  void all(Exchange exchange) {
    ObjectNode list = Json.object().put("kind", "PodList").put("apiVersion", "v1");
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    pods.all().forEach(pod -> items.add(pod.toJson()));
    exchange.json(list.toString());
  }

  /** Answers with what the runtime runs: names alone, as the real one tells it. */
  void running(Exchange exchange) {
    ObjectNode list = Json.object().put("kind", "PodList").put("apiVersion", "v1");
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    for (NodePod pod : pods.all()) {
      var running = pod.running();
      if (running.isEmpty()) {
        continue;
      }
      ObjectNode item = items.addObject();
      var metadata = pod.pod().getMetadata();
      item.putObject("metadata")
          .put("name", metadata.getName())
          .put("namespace", metadata.getNamespace())
          .put("uid", metadata.getUid());
      ArrayNode containers = item.putObject("spec").putArray("containers");
      running.forEach(
          container ->
              containers
                  .addObject()
                  .put("name", container.name())
                  .put("image", container.image())
                  .putObject("resources"));
      item.putObject("status");
    }
    exchange.json(list.toString());
  }
}
