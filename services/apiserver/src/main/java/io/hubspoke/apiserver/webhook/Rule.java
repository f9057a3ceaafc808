package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * One of the rules that choose requests ({@code RuleWithOperations}).
 *
 * @param resources such as {@code pods}, {@code pods/exec}, {@code pods/*}, {@code *} and {@code
 *     *}{@code /*}
 */
record Rule(
    Set<String> operations,
    Set<String> groups,
    Set<String> versions,
    List<Resource> resources,
    String scope) {
  private static final String ALL = "*";

  Rule {
    operations = Set.copyOf(operations);
    groups = Set.copyOf(groups);
    versions = Set.copyOf(versions);
    resources = List.copyOf(resources);
  }

  /** A resource with a subresource, which is empty for the resource itself. */
  record Resource(String name, String subresource) {
    static Resource of(String text) {
      int slash = text.indexOf('/');
      return slash < 0
          ? new Resource(text, "")
          : new Resource(text.substring(0, slash), text.substring(slash + 1));
    }

    boolean matches(String otherName, String otherSubresource) {
      return (name.equals(ALL) || name.equals(otherName))
          && (subresource.equals(ALL) || subresource.equals(otherSubresource));
    }
  }

  static Rule of(JsonNode rule) {
    return new Rule(
        texts(rule.path("operations")),
        texts(rule.path("apiGroups")),
        texts(rule.path("apiVersions")),
        StreamSupport.stream(rule.path("resources").spliterator(), false)
            .map(resource -> Resource.of(resource.asText("")))
            .toList(),
        rule.path("scope").asText(ALL));
  }

  private static Set<String> texts(JsonNode array) {
    Set<String> texts = new HashSet<>();
    array.forEach(value -> texts.add(value.asText("")));
    return texts;
  }

  /** Returns whether it chooses a request, were its resource of this type. */
  boolean matches(AdmissionRequest request, ResourceType type) {
    return has(operations, request.operation().name())
        && has(groups, type.group())
        && has(versions, type.version())
        && resources.stream().anyMatch(r -> r.matches(type.plural(), request.subresource()))
        && switch (scope) {
          case "Namespaced" -> type.namespaced();
          case "Cluster" -> !type.namespaced();
          default -> true;
        };
  }

  private static boolean has(Set<String> items, String item) {
    return items.contains(item) || items.contains(ALL);
  }
}
