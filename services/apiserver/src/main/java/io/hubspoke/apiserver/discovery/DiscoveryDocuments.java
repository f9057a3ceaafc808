package io.hubspoke.apiserver.discovery;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Writes the discovery documents from the table of resources, old and aggregated ones. */
final class DiscoveryDocuments {
  /** Group to version to types, in the table's order. */
  private final Map<String, Map<String, List<ResourceType>>> groups = new LinkedHashMap<>();

  DiscoveryDocuments(Collection<ResourceType> types) {
    for (ResourceType type : types) {
      groups
          .computeIfAbsent(type.group(), g -> new LinkedHashMap<>())
          .computeIfAbsent(type.version(), v -> new ArrayList<>())
          .add(type);
    }
  }

  /** Returns the paths that have a document. */
  Set<String> paths() {
    Set<String> paths = new LinkedHashSet<>(List.of("/api", "/apis"));
    groups.forEach(
        (group, versions) -> {
          String root = group.isEmpty() ? "/api" : "/apis/" + group;
          paths.add(root);
          versions.keySet().forEach(version -> paths.add(root + "/" + version));
        });
    return paths;
  }

  /** Returns the document of one of the paths. */
  ObjectNode plain(String path) {
    if (path.equals("/api")) {
      return versions();
    }
    if (path.equals("/apis")) {
      return groupList();
    }
    // Such as /api/v1, /apis/apps and /apis/apps/v1.
    String[] parts = path.substring(1).split("/", -1);
    if (parts[0].equals("api")) {
      return resources(groups.get("").get(parts[1]));
    }
    return parts.length == 2
        ? head("APIGroup", "v1").setAll(group(parts[1]))
        : resources(groups.get(parts[1]).get(parts[2]));
  }

  /**
   * Returns an aggregated document ({@code APIGroupDiscoveryList}).
   *
   * @param core the one of {@code /api}, which has the core group alone; otherwise {@code /apis}
   */
  ObjectNode aggregated(boolean core, String version) {
    ObjectNode list = head("APIGroupDiscoveryList", "apidiscovery.k8s.io/" + version);
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    groups.forEach(
        (group, versions) -> {
          if (group.isEmpty() != core) {
            return;
          }
          ObjectNode item = items.addObject();
          ObjectNode metadata = item.putObject("metadata");
          if (!group.isEmpty()) {
            metadata.put("name", group);
          }
          metadata.putNull("creationTimestamp");
          ArrayNode all = item.putArray("versions");
          versions.forEach(
              (name, types) -> {
                ObjectNode one = all.addObject().put("version", name);
                ArrayNode resources = one.putArray("resources");
                types.forEach(type -> resources.add(aggregated(type)));
                one.put("freshness", "Current");
              });
        });
    return list;
  }

  private static ObjectNode aggregated(ResourceType type) {
    ObjectNode resource = Json.object().put("resource", type.plural());
    resource
        .putObject("responseKind")
        .put("group", type.group())
        .put("version", type.version())
        .put("kind", type.kind());
    resource.put("scope", type.namespaced() ? "Namespaced" : "Cluster");
    resource.put("singularResource", type.singular());
    put(resource, "verbs", new TreeSet<>(type.verbs()));
    put(resource, "shortNames", type.shortNames());
    put(resource, "categories", type.categories());
    for (String name : new TreeSet<>(type.subresources())) {
      Subresource sub = Subresource.of(type, name);
      ObjectNode node = resource.withArray("subresources").addObject().put("subresource", name);
      node.putObject("responseKind")
          .put("group", sub.group())
          .put("version", sub.version())
          .put("kind", sub.kind());
      put(node, "verbs", sub.verbs());
    }
    return resource;
  }

  private static ObjectNode versions() {
    ObjectNode versions = Json.object().put("kind", "APIVersions");
    versions.putArray("versions").add("v1");
    versions.putArray("serverAddressByClientCIDRs");
    return versions;
  }

  private ObjectNode groupList() {
    ObjectNode list = head("APIGroupList", "v1");
    ArrayNode all = list.putArray("groups");
    groups.keySet().stream().filter(g -> !g.isEmpty()).forEach(g -> all.add(group(g)));
    return list;
  }

  private ObjectNode group(String group) {
    ObjectNode node = Json.object().put("name", group);
    ArrayNode versions = node.putArray("versions");
    for (String version : groups.get(group).keySet()) {
      versions.addObject().put("groupVersion", group + "/" + version).put("version", version);
    }
    node.set("preferredVersion", versions.get(0).deepCopy());
    return node;
  }

  private static ObjectNode resources(List<ResourceType> types) {
    ObjectNode list = head("APIResourceList", "v1");
    list.put("groupVersion", types.getFirst().apiVersion());
    ArrayNode resources = list.putArray("resources");
    for (ResourceType type : types) {
      ObjectNode node =
          resources
              .addObject()
              .put("name", type.plural())
              .put("singularName", type.singular())
              .put("namespaced", type.namespaced())
              .put("kind", type.kind());
      put(node, "verbs", new TreeSet<>(type.verbs()));
      put(node, "shortNames", type.shortNames());
      put(node, "categories", type.categories());
      if (type.verbs().contains("list")) {
        node.put("storageVersionHash", hash(type));
      }
      for (String name : new TreeSet<>(type.subresources())) {
        Subresource sub = Subresource.of(type, name);
        ObjectNode child =
            resources
                .addObject()
                .put("name", type.plural() + "/" + name)
                .put("singularName", "")
                .put("namespaced", type.namespaced());
        if (!sub.group().equals(type.group())) {
          child.put("group", sub.group()).put("version", sub.version());
        }
        child.put("kind", sub.kind());
        put(child, "verbs", sub.verbs());
      }
    }
    return list;
  }

  /**
   * Returns what changes when the stored version does; the same as a real apiserver's, for clients
   * compare what they were told by several.
   */
  private static String hash(ResourceType type) {
    // Events are stored as those of the core group.
    String group = type.group().equals("events.k8s.io") ? "" : type.group();
    String stored = group + "/" + type.version() + "/" + type.kind();
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(stored.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(Arrays.copyOf(digest, 8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void put(ObjectNode node, String field, Collection<String> values) {
    if (!values.isEmpty()) {
      ArrayNode array = node.putArray(field);
      values.forEach(array::add);
    }
  }

  private static ObjectNode head(String kind, String apiVersion) {
    return Json.object().put("kind", kind).put("apiVersion", apiVersion);
  }
}
