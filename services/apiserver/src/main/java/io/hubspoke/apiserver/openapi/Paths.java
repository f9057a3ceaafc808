package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.schema.Field;
import io.hubspoke.api.schema.Scalar;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;
import io.hubspoke.apiserver.discovery.Subresource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Writes the paths of resources with the operations that each answers. */
final class Paths {
  private static final List<String> PROXIED =
      List.of("get", "put", "post", "delete", "options", "head", "patch");

  private final Dialect dialect;
  private final Definitions definitions;
  private final Map<String, ObjectNode> written = new TreeMap<>();

  Paths(Dialect dialect, Definitions definitions) {
    this.dialect = dialect;
    this.definitions = definitions;
  }

  /** Returns the paths that were added, in their order. */
  ObjectNode write() {
    ObjectNode all = Json.object();
    written.forEach(all::set);
    return all;
  }

  /** Adds a resource's paths. */
  void add(ResourceType type) {
    String collection = type.collectionPath("{namespace}");
    Operations operations = new Operations(type);
    ObjectNode many = path(collection, type.namespaced(), false);
    ObjectNode one = path(collection + "/{name}", type.namespaced(), true);
    for (String verb : new TreeSet<>(verbs(type))) {
      switch (verb) {
        case "list" -> operations.add(many, "get", "list");
        case "create" -> operations.add(many, "post", "post");
        case "deletecollection" -> operations.add(many, "delete", "deletecollection");
        case "get" -> operations.add(one, "get", "get");
        case "update" -> operations.add(one, "put", "put");
        case "patch" -> operations.add(one, "patch", "patch");
        case "delete" -> operations.add(one, "delete", "delete");
        default -> {}
      }
    }
    drop(collection + "/{name}", one);
    if (type.namespaced() && type.verbs().contains("list")) {
      operations.everywhere().add(path(type.collectionPath(""), false, false), "get", "list");
    }
    for (String name : type.subresources()) {
      Subresource answered = Subresource.of(type, name);
      String path = collection + "/{name}/" + name;
      if (Subresource.connects(name)) {
        connections(type, answered, path, name);
      } else {
        subresource(type, answered, path, name);
      }
    }
  }

  /** What can't be written is described all the same: clients that know how ask, and are told. */
  private static Collection<String> verbs(ResourceType type) {
    return type.verbs().contains("watch") && !type.verbs().contains("create")
        ? List.of("list", "get", "create", "patch", "update")
        : type.verbs();
  }

  private void drop(String path, ObjectNode item) {
    if (item.size() == 1 && item.has("parameters")) {
      written.remove(path);
    }
  }

  private void subresource(ResourceType type, Subresource answered, String path, String name) {
    ObjectNode item = path(path, type.namespaced(), true);
    Operations operations = new Operations(type).of(answered, name);
    for (String verb : answered.verbs()) {
      switch (verb) {
        case "get" -> operations.add(item, "get", "get");
        case "create" -> operations.add(item, "post", "post");
        case "update" -> operations.add(item, "put", "put");
        case "patch" -> operations.add(item, "patch", "patch");
        case "delete" -> operations.add(item, "delete", "delete");
        default -> {}
      }
    }
    drop(path, item);
  }

  /** Adds what goes on to something else: a proxy by every method and with a path of its own. */
  private void connections(ResourceType type, Subresource options, String path, String name) {
    Operations operations = new Operations(type).of(options, name);
    ObjectNode item = path(path, type.namespaced(), true);
    operations.options(item);
    if (!name.equals("proxy")) {
      List.of("get", "post").forEach(method -> operations.connect(item, method, ""));
      return;
    }
    ObjectNode below = path(path + "/{path}", type.namespaced(), true);
    operations.options(below);
    below.withArray("parameters").add(dialect.parameter("path", "path", "string", true));
    for (String method : PROXIED) {
      operations.connect(item, method, "");
      operations.connect(below, method, "WithPath");
    }
  }

  private ObjectNode path(String path, boolean namespaced, boolean named) {
    ObjectNode item = written.computeIfAbsent(path, p -> Json.object());
    ArrayNode parameters = item.arrayNode();
    if (named) {
      parameters.add(dialect.parameter("name", "path", "string", true));
    }
    if (namespaced) {
      parameters.add(dialect.parameter("namespace", "path", "string", true));
    }
    if (!parameters.isEmpty()) {
      item.set("parameters", parameters);
    }
    return item;
  }

  /** Writes operations on one kind. */
  private final class Operations {
    private final ResourceType type;
    private final String group;
    private final String version;
    private final String kind;
    private final String subresource;
    private final boolean everywhere;

    Operations(ResourceType type) {
      this(type, type.group(), type.version(), type.kind(), "", false);
    }

    private Operations(
        ResourceType type,
        String group,
        String version,
        String kind,
        String subresource,
        boolean everywhere) {
      this.type = type;
      this.group = group;
      this.version = version;
      this.kind = kind;
      this.subresource = subresource;
      this.everywhere = everywhere;
    }

    Operations everywhere() {
      return new Operations(type, group, version, kind, subresource, true);
    }

    Operations of(Subresource answered, String name) {
      return new Operations(
          type, answered.group(), answered.version(), answered.kind(), name, false);
    }

    void add(ObjectNode path, String method, String action) {
      ObjectNode operation = path.putObject(method);
      operation.put("operationId", operationId(action));
      operation.putArray("tags").add(tag());
      ArrayNode parameters = operation.arrayNode();
      Struct struct = struct(kind).orElse(null);
      switch (action) {
        case "list" -> query(parameters, "ListOptions");
        case "post" -> {
          query(parameters, "CreateOptions");
          body(operation, parameters, struct);
        }
        case "put" -> {
          query(parameters, "UpdateOptions");
          body(operation, parameters, struct);
        }
        case "patch" -> {
          query(parameters, "PatchOptions");
          dialect.body(operation, parameters, definitions.patch(), true);
        }
        case "delete" -> {
          query(parameters, "DeleteOptions");
          body(operation, parameters, Schema.META.struct("DeleteOptions"));
        }
        case "deletecollection" -> {
          query(parameters, "DeleteOptions");
          query(parameters, "ListOptions");
          body(operation, parameters, Schema.META.struct("DeleteOptions"));
        }
        default -> options().ifPresent(options -> query(parameters, options));
      }
      if (!parameters.isEmpty()) {
        operation.set("parameters", parameters);
      }
      if (subresource.equals("log")) {
        dialect.answer(operation, "text/plain", Json.object().put("type", "string"));
      } else {
        dialect.answer(operation, "application/json", schema(answered(action, struct)));
      }
      operation.put("x-kubernetes-action", action);
      about(operation);
    }

    /** Adds what the connection's options are, to all of its methods. */
    void options(ObjectNode path) {
      struct(kind).ifPresent(struct -> query(path.withArray("parameters"), struct));
    }

    /** Adds a method that connects to something, which answers whatever it does. */
    void connect(ObjectNode path, String method, String suffix) {
      ObjectNode operation = path.putObject(method);
      operation.put("operationId", operationId("connect", capital(method)) + suffix);
      operation.putArray("tags").add(tag());
      dialect.answer(operation, "*/*", Json.object().put("type", "string"));
      operation.put("x-kubernetes-action", "connect");
      about(operation);
    }

    private void about(ObjectNode operation) {
      operation
          .putObject("x-kubernetes-group-version-kind")
          .put("group", group)
          .put("kind", kind)
          .put("version", version);
    }

    private Struct answered(String action, Struct struct) {
      return switch (action) {
        case "list" -> struct(kind + "List").orElse(null);
        case "delete", "deletecollection" -> Schema.META.struct("Status");
        default -> struct;
      };
    }

    private void body(ObjectNode operation, ArrayNode parameters, Struct struct) {
      dialect.body(operation, parameters, schema(struct), false);
    }

    private ObjectNode schema(Struct struct) {
      return struct == null ? Json.object().put("type", "object") : definitions.ref(struct);
    }

    private Optional<Struct> struct(String name) {
      return Schema.lookup(group.isEmpty() ? version : group + "/" + version, name);
    }

    /** What else than an object a subresource is asked with, such as the log's options. */
    private Optional<Struct> options() {
      return switch (subresource) {
        case "log" -> Schema.lookup("v1", "PodLogOptions");
        default -> Optional.empty();
      };
    }

    private void query(ArrayNode parameters, String options) {
      query(parameters, Schema.META.struct(options));
    }

    private void query(ArrayNode parameters, Struct options) {
      for (Field field : options.jsonFields().values()) {
        boolean own = field.name().equals("kind") || field.name().equals("apiVersion");
        boolean repeated = field.container() != Field.Container.SINGLE;
        if (!own && (field.type() instanceof Scalar scalar)) {
          // Query parameters have one value; dryRun has only ever one.
          String parameter = repeated ? "string" : type(scalar);
          parameters.add(dialect.parameter(field.name(), "query", parameter, false));
        }
      }
    }

    private static String type(Scalar scalar) {
      return switch (scalar) {
        case BOOL -> "boolean";
        case INT32, INT64 -> "integer";
        default -> "string";
      };
    }

    private String tag() {
      return groupName() + "_" + type.version();
    }

    private String groupName() {
      String name = type.group().isEmpty() ? "core" : type.group();
      String bare = name.endsWith(".k8s.io") ? name.substring(0, name.length() - 7) : name;
      StringBuilder camel = new StringBuilder();
      for (String part : bare.split("\\.", -1)) {
        camel.append(camel.isEmpty() ? part : capital(part));
      }
      return camel.toString();
    }

    private String operationId(String action) {
      return operationId(action, "");
    }

    /** The name of a method, where one action has several, stands before what it is done to. */
    private String operationId(String action, String method) {
      String verb =
          switch (action) {
            case "get" -> "read";
            case "post" -> "create";
            case "put" -> "replace";
            case "deletecollection" -> "delete";
            default -> action;
          };
      return verb
          + capital(groupName())
          + capital(type.version())
          + (action.equals("deletecollection") ? "Collection" : "")
          + method
          + (type.namespaced() && !everywhere ? "Namespaced" : "")
          + type.kind()
          + capital(subresource)
          + (everywhere ? "ForAllNamespaces" : "");
    }

    private static String capital(String word) {
      return word.isEmpty() ? "" : Character.toUpperCase(word.charAt(0)) + word.substring(1);
    }
  }
}
