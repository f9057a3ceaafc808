package io.hubspoke.apiserver.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Registry;
import io.hubspoke.apiserver.registry.StoredObject;
import io.hubspoke.apiserver.registry.Target;
import io.hubspoke.apiserver.registry.WriteOptions;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.MemoryStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An object of any kind, with some of its fields being what they should not be, is written, shown
 * and changed, or refused with a status.
 *
 * <p>The input says of which kind, and which places of an object with every field get which of some
 * odd values.
 */
public final class WrittenObjects {
  private static final WriteOptions TRIED =
      new WriteOptions(
          new User("admin", "", List.of("system:masters", "system:authenticated"), Map.of()), true);
  private static final List<JsonNode> ODD =
      List.of(
          JsonNodeFactory.instance.nullNode(),
          JsonNodeFactory.instance.arrayNode(),
          JsonNodeFactory.instance.arrayNode().addNull(),
          JsonNodeFactory.instance.objectNode(),
          JsonNodeFactory.instance.objectNode().putNull(""),
          JsonNodeFactory.instance.textNode(""),
          JsonNodeFactory.instance.textNode("x"),
          JsonNodeFactory.instance.textNode("\u0000/../\ud800"),
          JsonNodeFactory.instance.textNode("99999999999999999999999Ei"),
          JsonNodeFactory.instance.textNode("2025-02-30T25:61:61Z"),
          JsonNodeFactory.instance.numberNode(-1),
          JsonNodeFactory.instance.numberNode(Long.MAX_VALUE),
          JsonNodeFactory.instance.numberNode(new java.math.BigInteger("9".repeat(90))),
          JsonNodeFactory.instance.numberNode(1e300),
          JsonNodeFactory.instance.booleanNode(true));

  private static final Map<ResourceType, ObjectNode> SAMPLES = new ConcurrentHashMap<>();
  private static final Registry REGISTRY = started();

  private WrittenObjects() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length < 2) {
      return;
    }
    ByteBuffer choices = ByteBuffer.wrap(input);
    List<Resource> all = ResourceTable.all();
    Resource resource = all.get((choices.get() & 0xff) % all.size());
    ObjectNode object = SAMPLES.computeIfAbsent(resource.type(), WrittenObjects::sample).deepCopy();
    while (choices.remaining() >= 3) {
      List<Place> places = new ArrayList<>();
      collect(object, places);
      if (places.isEmpty()) {
        return;
      }
      Place place = places.get((choices.getShort() & 0xffff) % places.size());
      int odd = (choices.get() & 0xff) % (ODD.size() + 1);
      if (odd < ODD.size()) {
        place.put(ODD.get(odd).deepCopy());
      } else {
        place.remove();
      }
    }
    ObjectNode sent = Json.parseObject(Json.bytes(object));
    String namespace = resource.type().namespaced() ? "default" : "";
    try {
      Future<StoredObject> made = REGISTRY.create(Target.of(resource, namespace, ""), sent, TRIED);
      if (made.succeeded()) {
        show(resource, made.result());
      } else if (made.failed() && !(made.cause() instanceof ApiException)) {
        throw new AssertionError(object.toString(), made.cause());
      }
    } catch (ApiException refused) {
      // As it should be.
    } catch (RuntimeException e) {
      throw new AssertionError(object.toString(), e);
    }
  }

  /** What kubectl and watches with selectors read of it. */
  private static void show(Resource resource, StoredObject object) {
    resource.columns().cells(object.tree(), Instant.EPOCH);
    resource
        .strategy()
        .selectableFields()
        .forEach(field -> resource.strategy().field(object.tree(), field));
  }

  private static Registry started() {
    Registry registry =
        new Registry(Vertx.vertx(), new MemoryStore(), lister -> Admission.ALWAYS, Map.of());
    registry.start().toCompletionStage().toCompletableFuture().join();
    var namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
    namespace.putObject("metadata").put("name", "default");
    registry
        .create(
            Target.of(ResourceTable.NAMESPACES, "", ""),
            namespace,
            new WriteOptions(TRIED.user(), false))
        .toCompletionStage()
        .toCompletableFuture()
        .join();
    return registry;
  }

  /** Where a value is. */
  private record Place(JsonNode parent, String field, int index) {
    void put(JsonNode value) {
      switch (parent) {
        case ObjectNode object -> object.set(field, value);
        case ArrayNode array -> array.set(index, value);
        default -> throw new IllegalStateException();
      }
    }

    void remove() {
      switch (parent) {
        case ObjectNode object -> object.remove(field);
        case ArrayNode array -> array.remove(index);
        default -> throw new IllegalStateException();
      }
    }
  }

  private static void collect(JsonNode parent, List<Place> places) {
    if (parent instanceof ObjectNode object) {
      object
          .properties()
          .forEach(
              entry -> {
                places.add(new Place(object, entry.getKey(), 0));
                collect(entry.getValue(), places);
              });
    } else if (parent instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        places.add(new Place(array, "", i));
        collect(array.get(i), places);
      }
    }
  }

  private static ObjectNode sample(ResourceType type) {
    ObjectNode object = of(Schema.of(type), Set.of());
    object.put("apiVersion", type.apiVersion()).put("kind", type.kind());
    ObjectNode metadata = object.putObject("metadata").put("name", "sample");
    metadata.putObject("labels").put("a", "b");
    metadata.putObject("annotations").put("a", "b");
    metadata.putArray("finalizers").add("example.com/held");
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Node")
        .put("name", "n")
        .put("uid", "u");
    if (type.namespaced()) {
      metadata.put("namespace", "default");
    }
    return object;
  }

  /** Makes an object with every field; a type within itself would have no end. */
  private static ObjectNode of(Struct struct, Set<Struct> within) {
    Set<Struct> deeper = new HashSet<>(within);
    deeper.add(struct);
    ObjectNode object = Json.object();
    for (Field field : struct.jsonFields().values()) {
      if (field.type() instanceof Struct inner && deeper.contains(inner)) {
        continue;
      }
      JsonNode value = value(field, deeper);
      object.set(
          field.name(),
          switch (field.container()) {
            case SINGLE -> value;
            case LIST -> JsonNodeFactory.instance.arrayNode().add(value);
            case MAP -> JsonNodeFactory.instance.objectNode().set("a", value);
          });
    }
    return object;
  }

  private static JsonNode value(Field field, Set<Struct> within) {
    var nodes = JsonNodeFactory.instance;
    return switch (field.type()) {
      case Struct struct -> of(struct, within);
      case Scalar scalar ->
          switch (scalar) {
            case STRING ->
                nodes.textNode(field.enumValues().isEmpty() ? "a" : field.enumValues().getFirst());
            case BOOL -> nodes.booleanNode(false);
            case INT32, INT64, INT_OR_STRING -> nodes.numberNode(1);
            case DOUBLE -> nodes.numberNode(1.5);
            case BYTES -> nodes.textNode("YQ==");
            case TIME -> nodes.textNode("2025-01-02T03:04:05Z");
            case MICRO_TIME -> nodes.textNode("2025-01-02T03:04:05.000006Z");
            case QUANTITY -> nodes.textNode("1");
            case RAW_EXTENSION, FIELDS_V1, JSON, ANY -> nodes.objectNode();
            case STRING_LIST -> nodes.arrayNode().add("a");
          };
    };
  }
}
