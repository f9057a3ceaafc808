package io.hubspoke.apiserver.discovery;

import io.hubspoke.api.ResourceType;
import java.util.List;
import java.util.Set;

/**
 * What a subresource answers.
 *
 * @param group of the kind that it answers with
 * @param version likewise
 * @param verbs as discovery lists them
 */
public record Subresource(String group, String version, String kind, List<String> verbs) {

  /** Those that connect to something rather than answer with an object. */
  private static final Set<String> CONNECTED = Set.of("exec", "attach", "portforward", "proxy");

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
      case "exec" -> like(parent, "PodExecOptions", List.of("create", "get"));
      case "attach" -> like(parent, "PodAttachOptions", List.of("create", "get"));
      case "portforward" -> like(parent, "PodPortForwardOptions", List.of("create", "get"));
      case "proxy" ->
          like(
              parent,
              parent.kind() + "ProxyOptions",
              List.of("create", "delete", "get", "patch", "update"));
      case "finalize" -> like(parent, parent.kind(), List.of("update"));
      default -> like(parent, parent.kind(), List.of("get", "patch", "update"));
    };
  }

  /** Returns whether what is asked there goes on to something else, as exec does to a kubelet. */
  public static boolean connects(String name) {
    return CONNECTED.contains(name);
  }

  private static Subresource like(ResourceType parent, String kind, List<String> verbs) {
    return new Subresource(parent.group(), parent.version(), kind, verbs);
  }
}
