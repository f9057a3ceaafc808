package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Names;
import io.hubspoke.api.Status.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What most kinds have in common: the object itself cannot change {@code status}, the {@code
 * status} subresource changes nothing else, and names are DNS subdomains.
 */
class GenericStrategy implements ResourceStrategy {
  private static final Set<String> ENVELOPE = Set.of("apiVersion", "kind", "metadata", "status");

  private final boolean hasStatus;
  private final Map<String, Function<ObjectNode, String>> fields;
  private final Set<String> labels;

  /**
   * @param hasStatus whether {@code status} is a subresource
   * @param fields what field selectors may name beside metadata
   */
  GenericStrategy(
      boolean namespaced, boolean hasStatus, Map<String, Function<ObjectNode, String>> fields) {
    this.hasStatus = hasStatus;
    this.fields = Map.copyOf(fields);
    Set<String> all = new TreeSet<>(fields.keySet());
    all.add("metadata.name");
    if (namespaced) {
      all.add("metadata.namespace");
    }
    this.labels = Set.copyOf(all);
  }

  @Override
  public final void setDefaults(ObjectNode object) {
    applyDefaults(object);
  }

  @Override
  public final void prepareForCreate(ObjectNode object, Requester requester) {
    if (hasStatus && clearsStatus()) {
      object.remove("status");
    }
    applyDefaults(object);
    begin(object, requester);
  }

  @Override
  public final void prepareForUpdate(
      ObjectNode object, ObjectNode old, String subresource, Requester requester) {
    if (subresource.isEmpty()) {
      if (hasStatus) {
        keep(object, old, "status");
      }
    } else {
      restrict(object, old, subresource);
    }
    applyDefaults(object);
    change(object, old, subresource, requester);
  }

  @Override
  public final List<Cause> validate(ObjectNode object) {
    FieldErrors errors = new FieldErrors();
    validateNew(object, errors);
    validate(object, errors);
    return errors.causes();
  }

  @Override
  public final List<Cause> validateUpdate(ObjectNode object, ObjectNode old, String subresource) {
    FieldErrors errors = new FieldErrors();
    validateUpdate(object, old, subresource, errors);
    return errors.causes();
  }

  @Override
  public List<String> validateName(String name, boolean prefix) {
    return Names.dns1123Subdomain(prefix ? Names.withoutTrailingDash(name) : name);
  }

  @Override
  public final Set<String> selectableFields() {
    return labels;
  }

  @Override
  public final String field(ObjectNode object, String label) {
    return switch (label) {
      case "metadata.name" -> Meta.name(object);
      case "metadata.namespace" -> Meta.namespace(object);
      default -> {
        var getter = fields.get(label);
        yield getter == null ? "" : getter.apply(object);
      }
    };
  }

  /** Puts back what a subresource does not change; most change the status alone. */
  void restrict(ObjectNode object, ObjectNode old, String subresource) {
    keepAllButStatus(object, old);
  }

  /** Returns whether a new object's status is the server's to set. */
  boolean clearsStatus() {
    return true;
  }

  /** Fills in what the object leaves out; called on every write, so it must be idempotent. */
  void applyDefaults(ObjectNode object) {}

  /** Completes an object that is being created, after defaults. */
  void begin(ObjectNode object, Requester requester) {}

  /** Completes a change, after defaults. */
  void change(ObjectNode object, ObjectNode old, String subresource, Requester requester) {}

  /** Validates what is asked of new objects alone. */
  void validateNew(ObjectNode object, FieldErrors errors) {}

  void validate(ObjectNode object, FieldErrors errors) {}

  void validateUpdate(ObjectNode object, ObjectNode old, String subresource, FieldErrors errors) {
    if (subresource.isEmpty()) {
      validate(object, errors);
    }
  }

  /** Sets a field that is absent or empty, which to Kubernetes is the same. */
  static void setDefault(ObjectNode object, String field, String value) {
    if (isEmpty(object.get(field))) {
      object.put(field, value);
    }
  }

  // An int, as small numbers are read: a long would make equal objects differ.
  static void setDefault(ObjectNode object, String field, int value) {
    if (object.get(field) == null) {
      object.put(field, value);
    }
  }

  static boolean isEmpty(JsonNode node) {
    return node == null
        || node.isNull()
        || (node.isTextual() && node.textValue().isEmpty())
        || (node.isContainerNode() && node.isEmpty());
  }

  /** Returns an object field, made when it is absent. */
  static ObjectNode object(ObjectNode parent, String field) {
    return parent.get(field) instanceof ObjectNode o ? o : parent.putObject(field);
  }

  /** Returns the objects of an array field. */
  static List<ObjectNode> objects(JsonNode parent, String field) {
    List<ObjectNode> all = new ArrayList<>();
    for (JsonNode element : parent.path(field)) {
      if (element instanceof ObjectNode o) {
        all.add(o);
      }
    }
    return all;
  }

  /** Puts a top-level field back to what it was. */
  static void keep(ObjectNode object, ObjectNode old, String field) {
    JsonNode before = old.get(field);
    if (before == null) {
      object.remove(field);
    } else {
      object.set(field, before.deepCopy());
    }
  }

  /** Puts everything back to what it was except status and metadata. */
  static void keepAllButStatus(ObjectNode object, ObjectNode old) {
    object.retain(ENVELOPE);
    old.properties()
        .forEach(
            e -> {
              if (!ENVELOPE.contains(e.getKey())) {
                object.set(e.getKey(), e.getValue().deepCopy());
              }
            });
  }

  /** Makes a selectable field's getter from a path. */
  static Function<ObjectNode, String> at(String... path) {
    return object -> {
      JsonNode node = object;
      for (String step : path) {
        node = node.path(step);
      }
      return node.asText("");
    };
  }
}
