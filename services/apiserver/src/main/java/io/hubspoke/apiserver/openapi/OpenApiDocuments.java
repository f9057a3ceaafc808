package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the OpenAPI documents of the resources: one of version 2 about all of them, and one of
 * version 3 for each group's version.
 */
final class OpenApiDocuments {
  private final Map<String, List<ResourceType>> byGroupVersion = new TreeMap<>();

  OpenApiDocuments(Collection<ResourceType> types) {
    for (ResourceType type : types) {
      String root = type.group().isEmpty() ? "api/" : "apis/";
      byGroupVersion.computeIfAbsent(root + type.apiVersion(), r -> new ArrayList<>()).add(type);
    }
  }

  /** Returns the names of version 3's documents, such as {@code apis/apps/v1}. */
  Collection<String> names() {
    return byGroupVersion.keySet();
  }

  /** Returns a hash of a document's sources. */
  Fingerprint fingerprint() {
    return new Fingerprint(types());
  }

  /** Makes a document of version 3. */
  ObjectNode v3(String name) {
    ObjectNode document = Json.object().put("openapi", "3.0.0");
    info(document);
    Definitions definitions = new Definitions(Dialect.V3, new Descriptions());
    document.set("paths", paths(Dialect.V3, definitions, byGroupVersion.get(name)));
    document.putObject("components").set("schemas", definitions.write());
    return document;
  }

  /** Makes the document of version 2. */
  ObjectNode v2() {
    ObjectNode document = Json.object().put("swagger", "2.0");
    info(document);
    Definitions definitions = new Definitions(Dialect.V2, new Descriptions());
    document.set("paths", paths(Dialect.V2, definitions, types()));
    document.set("definitions", definitions.write());
    return document;
  }

  private List<ResourceType> types() {
    return byGroupVersion.values().stream().flatMap(List::stream).toList();
  }

  private static ObjectNode paths(
      Dialect dialect, Definitions definitions, List<ResourceType> types) {
    Paths paths = new Paths(dialect, definitions);
    types.forEach(paths::add);
    return paths.write();
  }

  private static void info(ObjectNode document) {
    document.putObject("info").put("title", "Kubernetes").put("version", "v1.33.0");
  }
}
