package io.hubspoke.api.protobuf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.api.schema.Type;
import java.util.ArrayDeque;
import java.util.Deque;

/** Makes objects that have a value in every field, no two of them alike if their type allows it. */
final class EveryField {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final Deque<Struct> within = new ArrayDeque<>();
  private int made;

  private EveryField() {}

  static ObjectNode of(Struct kind) {
    ObjectNode object = new EveryField().object(kind);
    return object.put("kind", kind.name()).put("apiVersion", kind.group().apiVersion());
  }

  private ObjectNode object(Struct struct) {
    ObjectNode object = JSON.objectNode();
    within.push(struct);
    for (var entry : struct.jsonFields().entrySet()) {
      Field field = entry.getValue();
      // A schema within a schema would have no end; protobuf has no tables.
      if (field.number() > 0 && !(field.type() instanceof Struct s && within.contains(s))) {
        object.set(entry.getKey(), field(field));
      }
    }
    within.pop();
    return object;
  }

  private JsonNode field(Field field) {
    return switch (field.container()) {
      case SINGLE -> value(field.type());
      case LIST -> {
        ArrayNode list = JSON.arrayNode();
        yield list.add(value(field.type())).add(value(field.type()));
      }
      case MAP -> {
        ObjectNode map = JSON.objectNode();
        map.set("key" + ++made, value(field.type()));
        map.set("a.key/" + ++made, value(field.type()));
        yield map;
      }
    };
  }

  private JsonNode value(Type type) {
    made++;
    return switch (type) {
      case Struct union when union.isUnion() -> union(union);
      case Struct struct -> object(struct);
      case Scalar scalar ->
          switch (scalar) {
            case STRING -> JSON.textNode("text \u00e4\u20ac\ud83d\ude00 " + made);
            case BOOL -> JSON.booleanNode(true);
            case INT32 -> JSON.numberNode(made % 2 == 0 ? made : -made);
            case INT64 -> JSON.numberNode((1L << 40) + made);
            case DOUBLE -> JSON.numberNode(made + 0.5);
            case BYTES -> JSON.textNode("AAEC/w==");
            case TIME -> JSON.textNode("2024-01-02T03:04:" + (10 + made % 50) + "Z");
            case MICRO_TIME -> JSON.textNode("2024-01-02T03:04:05." + (100_000 + made) + "Z");
            case QUANTITY -> JSON.textNode(made + "Mi");
            case INT_OR_STRING -> made % 2 == 0 ? JSON.numberNode(made) : JSON.textNode(made + "%");
            case RAW_EXTENSION, FIELDS_V1, JSON ->
                JSON.objectNode().put("number", made).putNull("f:null");
            case STRING_LIST -> JSON.arrayNode().add("one").add("two " + made);
            case ANY -> throw new IllegalStateException("not in protobuf");
          };
    };
  }

  /** Returns the form that does not contain the union again. */
  private JsonNode union(Struct union) {
    for (Field form : union.declaredFields()) {
      if (!(form.type() instanceof Struct)) {
        return field(form);
      }
    }
    return JSON.objectNode().put("type", "text " + made);
  }
}
