package io.hubspoke.controllermanager.namespaces;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import java.util.ArrayList;
import java.util.List;

/** Deletes everything that a namespace holds, of every resource that the apiserver has. */
final class NamespaceContent {
  private final ApiClient client;

  NamespaceContent(ApiClient client) {
    this.client = client;
  }

  /** Deletes all objects of a namespace, and returns how many are still there; waits. */
  int delete(String namespace) {
    var remaining = 0;
    for (var resource : discover()) {
      var which = ListOptions.inNamespace(namespace);
      if (client.list(resource, which).await().items().isEmpty()) {
        continue;
      }
      client.deleteCollection(resource, which).await();
      remaining += client.list(resource, which).await().items().size();
    }
    return remaining;
  }

  /** Asks anew each time: a resource that came since must not keep its objects. */
  private List<Resource<ObjectNode>> discover() {
    var resources = new ArrayList<Resource<ObjectNode>>();
    collect("", "v1", "/api/v1", resources);
    for (var group : get("/apis").path("groups")) {
      var version = group.path("preferredVersion");
      collect(
          group.path("name").asText(),
          version.path("version").asText(),
          "/apis/" + version.path("groupVersion").asText(),
          resources);
    }
    return resources;
  }

  private void collect(
      String group, String version, String path, List<Resource<ObjectNode>> resources) {
    for (var resource : get(path).path("resources")) {
      var name = resource.path("name").asText();
      if (resource.path("namespaced").asBoolean()
          && name.indexOf('/') < 0
          && has(resource, "list")
          && has(resource, "deletecollection")) {
        resources.add(Resource.namespaced(group, version, name, ObjectNode.class));
      }
    }
  }

  private JsonNode get(String path) {
    return Json.parseObject(client.raw(path).await().getBytes());
  }

  private static boolean has(JsonNode resource, String verb) {
    for (var known : resource.path("verbs")) {
      if (known.asText().equals(verb)) {
        return true;
      }
    }
    return false;
  }
}
