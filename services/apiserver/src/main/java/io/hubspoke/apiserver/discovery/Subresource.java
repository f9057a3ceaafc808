package io.hubspoke.apiserver.discovery;

import io.hubspoke.api.ResourceType;
import java.util.List;

/**
 * What a subresource answers.
 *
 * @param group of the kind that it answers with
 * @param version likewise
 * @param verbs as discovery lists them
 */
public record Subresource(String group, String version, String kind, List<String> verbs) {

  public Subresource {
    verbs = List.copyOf(verbs);
  }

  /** Returns what a resource's subresource answers. */
  public static Subresource of(ResourceType parent, String name) {
    return switch (name) {
      case "log" -> like(parent, parent.kind(), List.of("get"));
      case "binding" -> like(parent, "Binding", List.of("create"));
      case "eviction" -> new Subresource("policy", "v1", "Eviction", List.of("create"));
      case "scale" ->
          new Subresource("autoscaling", "v1", "Scale", List.of("get", "patch", "update"));
      case "token" ->
          new Subresource("authentication.k8s.io", "v1", "TokenRequest", List.of("create"));
      case "finalize" -> like(parent, parent.kind(), List.of("update"));
      default -> like(parent, parent.kind(), List.of("get", "patch", "update"));
    };
  }

  private static Subresource like(ResourceType parent, String kind, List<String> verbs) {
    return new Subresource(parent.group(), parent.version(), kind, verbs);
  }
}
