package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.util.ArrayList;
import java.util.List;

/** One rule of a role: which verbs on which resources or paths (rbac.authorization.k8s.io/v1). */
public record PolicyRule(
    List<String> verbs,
    List<String> apiGroups,
    List<String> resources,
    List<String> resourceNames,
    List<String> nonResourceUrls) {

  public PolicyRule {
    verbs = List.copyOf(verbs);
    apiGroups = List.copyOf(apiGroups);
    resources = List.copyOf(resources);
    resourceNames = List.copyOf(resourceNames);
    nonResourceUrls = List.copyOf(nonResourceUrls);
  }

  /** Reads the {@code rules} of a Role or ClusterRole. */
  public static List<PolicyRule> listOf(JsonNode role) {
    List<PolicyRule> rules = new ArrayList<>();
    for (JsonNode rule : role.path("rules")) {
      rules.add(
          new PolicyRule(
              strings(rule.path("verbs")),
              strings(rule.path("apiGroups")),
              strings(rule.path("resources")),
              strings(rule.path("resourceNames")),
              strings(rule.path("nonResourceURLs"))));
    }
    return rules;
  }

  public boolean allows(Attributes asked) {
    return concerns(asked)
        && (asked.resourceRequest()
            ? resourceNames.isEmpty() || resourceNames.contains(asked.name())
            : allowsPath(asked.path()));
  }

  /** Returns whether it is about such requests, whatever object or path they name. */
  boolean concerns(Attributes asked) {
    if (!matches(verbs, asked.verb())) {
      return false;
    }
    return asked.resourceRequest()
        ? matches(apiGroups, asked.group()) && allowsResource(asked)
        : !nonResourceUrls.isEmpty();
  }

  private boolean allowsResource(Attributes asked) {
    for (String resource : resources) {
      if (resource.equals("*") || resource.equals(asked.combinedResource())) {
        return true;
      }
      // "*/scale" names a subresource of every resource.
      if (!asked.subresource().isEmpty() && resource.equals("*/" + asked.subresource())) {
        return true;
      }
    }
    return false;
  }

  private boolean allowsPath(String path) {
    for (String url : nonResourceUrls) {
      if (url.equals("*") || url.equals(path)) {
        return true;
      }
      if (url.endsWith("*") && path.startsWith(url.substring(0, url.length() - 1))) {
        return true;
      }
    }
    return false;
  }

  /** Returns the JSON form, without what is empty. */
  public ObjectNode toJson() {
    ObjectNode json = Json.object();
    put(json, "verbs", verbs);
    put(json, "apiGroups", apiGroups);
    put(json, "resources", resources);
    put(json, "resourceNames", resourceNames);
    put(json, "nonResourceURLs", nonResourceUrls);
    return json;
  }

  private static boolean matches(List<String> allowed, String asked) {
    return allowed.contains("*") || allowed.contains(asked);
  }

  private static void put(ObjectNode json, String field, List<String> values) {
    if (!values.isEmpty()) {
      var array = json.putArray(field);
      values.forEach(array::add);
    }
  }

  private static List<String> strings(JsonNode array) {
    List<String> values = new ArrayList<>(array.size());
    array.forEach(v -> values.add(v.asText()));
    return values;
  }
}
