package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.util.List;

/** What OpenAPI 2 and 3 spell differently. */
enum Dialect {
  V2("#/definitions/"),
  V3("#/components/schemas/");

  private static final List<String> FORMS =
      List.of(
          "application/json-patch+json",
          "application/merge-patch+json",
          "application/strategic-merge-patch+json");

  private final String definitions;

  Dialect(String definitions) {
    this.definitions = definitions;
  }

  /** Returns a reference to a definition. */
  ObjectNode ref(String definition) {
    return Json.object().put("$ref", definitions + definition);
  }

  /**
   * Adds what is to be said beside a reference, which in version 3 nothing may stand beside.
   *
   * @return the node that carries all
   */
  ObjectNode beside(ObjectNode node, ObjectNode more) {
    if (more.isEmpty()) {
      return node;
    }
    ObjectNode all = more.deepCopy();
    if (this == V3 && node.has("$ref")) {
      all.putArray("allOf").add(node);
    } else {
      all.setAll(node);
    }
    return all;
  }

  /** Returns a parameter of a path or a query. */
  ObjectNode parameter(String name, String in, String type, boolean required) {
    ObjectNode parameter = Json.object().put("name", name).put("in", in);
    if (required) {
      parameter.put("required", true);
    }
    (this == V2 ? parameter : parameter.putObject("schema")).put("type", type);
    return parameter;
  }

  /** Says what an operation is sent. */
  void body(ObjectNode operation, ArrayNode parameters, JsonNode schema, boolean patch) {
    if (this == V2) {
      ObjectNode body = parameters.addObject().put("name", "body").put("in", "body");
      body.put("required", true).set("schema", schema);
      ArrayNode consumes = operation.putArray("consumes");
      if (patch) {
        FORMS.forEach(consumes::add);
      } else {
        consumes.add("*/*");
      }
      return;
    }
    ObjectNode content = operation.putObject("requestBody").putObject("content");
    for (String form : patch ? FORMS : List.of("*/*")) {
      content.putObject(form).set("schema", schema);
    }
  }

  /** Says what an operation answers. */
  void answer(ObjectNode operation, String mediaType, JsonNode schema) {
    ObjectNode ok = operation.putObject("responses").putObject("200").put("description", "OK");
    if (this == V2) {
      operation.putArray("produces").add(mediaType);
      ok.set("schema", schema);
    } else {
      ok.putObject("content").putObject(mediaType).set("schema", schema);
    }
  }
}
