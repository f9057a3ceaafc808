package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.Map;

/**
 * Writes a document of version 2 in the protobuf form that kubectl asks for (gnostic's {@code
 * openapi.v2.Document}; its numbers are those of that project's OpenAPIv2.proto).
 */
final class GnosticDocument {
  private static final List<String> METHODS =
      List.of("get", "put", "post", "delete", "options", "head", "patch");

  private GnosticDocument() {}

  static Buffer encode(JsonNode document) {
    ProtoMessage paths = new ProtoMessage();
    document
        .path("paths")
        .properties()
        .forEach(e -> paths.message(2, named(e.getKey(), path(e.getValue()))));
    ProtoMessage info =
        new ProtoMessage()
            .text(1, document.path("info").path("title"))
            .text(2, document.path("info").path("version"));
    return new ProtoMessage()
        .text(1, document.path("swagger"))
        .message(2, info)
        .message(8, paths)
        .message(9, schemas(document.path("definitions")))
        .bytes();
  }

  private static ProtoMessage path(JsonNode path) {
    ProtoMessage item = new ProtoMessage();
    for (int i = 0; i < METHODS.size(); i++) {
      JsonNode operation = path.path(METHODS.get(i));
      if (operation.isObject()) {
        item.message(i + 2, operation(operation));
      }
    }
    path.path("parameters").forEach(p -> item.message(9, parameter(p)));
    return item;
  }

  private static ProtoMessage operation(JsonNode operation) {
    ProtoMessage out = new ProtoMessage();
    operation.path("tags").forEach(tag -> out.text(1, tag));
    out.text(5, operation.path("operationId"));
    operation.path("produces").forEach(type -> out.text(6, type));
    operation.path("consumes").forEach(type -> out.text(7, type));
    operation.path("parameters").forEach(p -> out.message(8, parameter(p)));
    ProtoMessage responses = new ProtoMessage();
    for (Map.Entry<String, JsonNode> answer : operation.path("responses").properties()) {
      ProtoMessage response = new ProtoMessage().text(1, answer.getValue().path("description"));
      if (answer.getValue().has("schema")) {
        JsonNode schema = answer.getValue().get("schema");
        response.message(2, new ProtoMessage().message(1, schema(schema)));
      }
      responses.message(1, named(answer.getKey(), new ProtoMessage().message(1, response)));
    }
    out.message(9, responses);
    extensions(operation, out, 13);
    return out;
  }

  private static ProtoMessage parameter(JsonNode parameter) {
    ProtoMessage out = new ProtoMessage();
    String in = parameter.path("in").asText();
    if (in.equals("body")) {
      out.message(
          1,
          new ProtoMessage()
              .text(2, parameter.path("name"))
              .text(3, parameter.path("in"))
              .flag(4, parameter.path("required"))
              .message(5, schema(parameter.path("schema"))));
    } else {
      boolean query = in.equals("query");
      ProtoMessage simple =
          new ProtoMessage()
              .flag(1, parameter.path("required"))
              .text(2, parameter.path("in"))
              .text(4, parameter.path("name"))
              .text(query ? 6 : 5, parameter.path("type"));
      out.message(2, new ProtoMessage().message(query ? 3 : 4, simple));
    }
    return new ProtoMessage().message(1, out);
  }

  private static ProtoMessage schemas(JsonNode schemas) {
    ProtoMessage all = new ProtoMessage();
    schemas.properties().forEach(e -> all.message(1, named(e.getKey(), schema(e.getValue()))));
    return all;
  }

  private static ProtoMessage schema(JsonNode schema) {
    ProtoMessage out =
        new ProtoMessage()
            .text(1, schema.path("$ref"))
            .text(2, schema.path("format"))
            .text(4, schema.path("description"));
    schema.path("required").forEach(name -> out.text(19, name));
    if (schema.has("additionalProperties")) {
      ProtoMessage value = schema(schema.get("additionalProperties"));
      out.message(21, new ProtoMessage().message(1, value));
    }
    if (schema.has("type")) {
      out.message(22, new ProtoMessage().text(1, schema.get("type")));
    }
    if (schema.has("items")) {
      out.message(23, new ProtoMessage().message(1, schema(schema.get("items"))));
    }
    if (schema.has("properties")) {
      out.message(25, schemas(schema.get("properties")));
    }
    extensions(schema, out, 31);
    return out;
  }

  /** An extension's value is YAML, which JSON is. */
  private static void extensions(JsonNode node, ProtoMessage out, int number) {
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      if (entry.getKey().startsWith("x-")) {
        ProtoMessage any = new ProtoMessage().text(2, entry.getValue().toString());
        out.message(number, named(entry.getKey(), any));
      }
    }
  }

  private static ProtoMessage named(String name, ProtoMessage value) {
    return new ProtoMessage().text(1, name).message(2, value);
  }
}
