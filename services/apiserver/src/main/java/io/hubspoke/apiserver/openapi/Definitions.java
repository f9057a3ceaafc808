package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Field.Merging;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.api.schema.Type;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes types as JSON schemas: those that a document refers to, and those that these refer to. */
final class Definitions {
  private static final String META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

  private final Dialect dialect;
  private final Descriptions descriptions;
  private final Map<String, ObjectNode> written = new TreeMap<>();
  private final Deque<Struct> unwritten = new ArrayDeque<>();

  Definitions(Dialect dialect, Descriptions descriptions) {
    this.dialect = dialect;
    this.descriptions = descriptions;
  }

  /** Returns a reference to a type, which the document will then define. */
  ObjectNode ref(Struct struct) {
    String name = name(struct);
    if (!written.containsKey(name)) {
      written.put(name, Json.object());
      unwritten.add(struct);
    }
    return dialect.ref(name);
  }

  /** Returns a reference to what a patch is: any object. */
  ObjectNode patch() {
    return defined(META + "Patch", Json.object().put("type", "object"));
  }

  /** Returns every definition that was referred to, by its name. */
  ObjectNode write() {
    while (!unwritten.isEmpty()) {
      Struct struct = unwritten.remove();
      written.put(name(struct), definition(struct));
    }
    ObjectNode all = Json.object();
    written.forEach(all::set);
    return all;
  }

  /** Returns the name by which Kubernetes' documents define a type. */
  private static String name(Struct struct) {
    if (struct.group() == Schema.META) {
      return META + struct.name();
    }
    String root =
        struct.group().group().equals("apiextensions.k8s.io")
            ? "io.k8s.apiextensions-apiserver.pkg.apis."
            : "io.k8s.api.";
    return root + struct.group() + "." + struct.name();
  }

  private ObjectNode definition(Struct struct) {
    ObjectNode definition = Json.object();
    describe(definition, descriptions.of(struct.toString()));
    if (struct.isUnion()) {
      return definition;
    }
    definition.put("type", "object");
    ObjectNode properties = Json.object();
    ArrayNode required = definition.arrayNode();
    for (Field field : struct.jsonFields().values()) {
      ObjectNode property = property(field);
      ObjectNode more = extensions(field.merging());
      describe(more, struct.isKind() ? descriptions.ofField(field.name()) : "");
      properties.set(field.name(), dialect.beside(property, more));
      if (field.required()) {
        required.add(field.name());
      }
    }
    if (!properties.isEmpty()) {
      definition.set("properties", properties);
    }
    if (!required.isEmpty()) {
      definition.set("required", required);
    }
    if (struct.isAtomic()) {
      definition.put("x-kubernetes-map-type", "atomic");
    }
    if (struct.isKind()) {
      definition.putArray("x-kubernetes-group-version-kind").add(groupVersionKind(struct));
    }
    return definition;
  }

  private static ObjectNode groupVersionKind(Struct struct) {
    String group = struct.group() == Schema.META ? "" : struct.group().group();
    return Json.object()
        .put("group", group)
        .put("kind", struct.name())
        .put("version", struct.group().version());
  }

  private ObjectNode property(Field field) {
    ObjectNode value = type(field.type());
    if (dialect == Dialect.V3 && !field.enumValues().isEmpty()) {
      ArrayNode values = value.putArray("enum");
      field.enumValues().forEach(values::add);
    }
    ObjectNode property = Json.object();
    switch (field.container()) {
      case SINGLE -> {
        return value;
      }
      case LIST -> property.put("type", "array").set("items", value);
      case MAP -> property.put("type", "object").set("additionalProperties", value);
    }
    return property;
  }

  private static ObjectNode extensions(Merging merging) {
    ObjectNode more = Json.object();
    if (!merging.listType().isEmpty()) {
      more.put("x-kubernetes-list-type", merging.listType());
    }
    if (!merging.listMapKeys().isEmpty()) {
      ArrayNode keys = more.putArray("x-kubernetes-list-map-keys");
      merging.listMapKeys().forEach(keys::add);
    }
    if (merging.atomic()) {
      more.put("x-kubernetes-map-type", "atomic");
    }
    String strategy = strategy(merging);
    if (!strategy.isEmpty()) {
      more.put("x-kubernetes-patch-strategy", strategy);
    }
    if (!merging.mergeKey().isEmpty()) {
      more.put("x-kubernetes-patch-merge-key", merging.mergeKey());
    }
    return more;
  }

  private static String strategy(Merging merging) {
    if (merging.replaced()) {
      return "replace";
    }
    String merge = merging.mergeable() ? "merge" : "";
    String separator = merging.mergeable() && merging.retainKeys() ? "," : "";
    return merge + separator + (merging.retainKeys() ? "retainKeys" : "");
  }

  private ObjectNode type(Type type) {
    return switch (type) {
      case Struct struct -> ref(struct);
      case Scalar scalar -> scalar(scalar);
    };
  }

  private ObjectNode scalar(Scalar scalar) {
    return switch (scalar) {
      case STRING -> of("string", "");
      case BOOL -> of("boolean", "");
      case INT32 -> of("integer", "int32");
      case INT64 -> of("integer", "int64");
      case DOUBLE -> of("number", "double");
      case BYTES -> of("string", "byte");
      case TIME -> defined(META + "Time", of("string", "date-time"));
      case MICRO_TIME -> defined(META + "MicroTime", of("string", "date-time"));
      case QUANTITY ->
          defined("io.k8s.apimachinery.pkg.api.resource.Quantity", either("", "string", "number"));
      case INT_OR_STRING ->
          defined(
              "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
              either("int-or-string", "string", "integer"));
      case RAW_EXTENSION ->
          defined("io.k8s.apimachinery.pkg.runtime.RawExtension", of("object", ""));
      case FIELDS_V1 -> defined(META + "FieldsV1", of("object", ""));
      case STRING_LIST -> {
        ObjectNode list = of("array", "");
        list.set("items", of("string", ""));
        yield list;
      }
      case JSON, ANY -> Json.object();
    };
  }

  /** Version 2 knows no alternatives; its readers take the first to include the second. */
  private ObjectNode either(String format, String first, String second) {
    if (dialect == Dialect.V2) {
      return of(first, format);
    }
    ObjectNode either = Json.object();
    for (String type : List.of(first, second)) {
      either.withArray("oneOf").addObject().put("type", type);
    }
    return format.isEmpty() ? either : either.put("format", format);
  }

  private ObjectNode defined(String name, ObjectNode definition) {
    written.putIfAbsent(name, definition);
    return dialect.ref(name);
  }

  private static ObjectNode of(String type, String format) {
    ObjectNode node = Json.object().put("type", type);
    return format.isEmpty() ? node : node.put("format", format);
  }

  private static void describe(ObjectNode node, String description) {
    if (!description.isEmpty()) {
      node.put("description", description);
    }
  }
}
