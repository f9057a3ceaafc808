package io.hubspoke.controllermanager.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.Resource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Asks the apiserver what it serves, each group in the version that it prefers. */
public final class Discovery {
  private final ApiClient client;

  public Discovery(ApiClient client) {
    this.client = client;
  }

  /**
   * What is served.
   *
   * @param failures the groups that could not be asked for, and why; empty when all is known
   */
  public record Answer(List<ServedResource> resources, List<String> failures) {
    public Answer {
      resources = List.copyOf(resources);
      failures = List.copyOf(failures);
    }
  }

  /**
   * Asks; waits. One group that can't be had doesn't keep back the others.
   *
   * @throws ApiException when there is no list of groups
   */
  public Answer ask() {
    var resources = new ArrayList<ServedResource>();
    var failures = new ArrayList<String>();
    collect("", "v1", "/api/v1", resources, failures);
    for (var group : get("/apis").path("groups")) {
      var version = group.path("preferredVersion");
      collect(
          group.path("name").asText(),
          version.path("version").asText(),
          "/apis/" + version.path("groupVersion").asText(),
          resources,
          failures);
    }
    return new Answer(resources, failures);
  }

  private void collect(
      String group,
      String version,
      String path,
      List<ServedResource> resources,
      List<String> failures) {
    JsonNode served;
    try {
      served = get(path).path("resources");
    } catch (ApiException e) {
      failures.add(path + ": " + e.getMessage());
      return;
    }
    for (var resource : served) {
      var name = resource.path("name").asText();
      if (name.indexOf('/') >= 0) {
        continue;
      }
      Set<String> verbs = new HashSet<>();
      resource.path("verbs").forEach(verb -> verbs.add(verb.asText()));
      var namespaced = resource.path("namespaced").asBoolean();
      resources.add(
          new ServedResource(
              resource.path("kind").asText(),
              new Resource<>(group, version, name, namespaced, ObjectMetadata.class),
              verbs));
    }
  }

  private JsonNode get(String path) {
    return Json.parseObject(client.raw(path).await().getBytes());
  }
}
