package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status.Cause;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes objects as the registry does, by their strategy alone. */
final class Written {
  static final Requester SOMEBODY =
      new Requester("jane", "u1", List.of("dev"), Map.of("scope", List.of("a")));

  private final Resource resource;

  private Written(Resource resource) {
    this.resource = resource;
  }

  static Written as(Resource resource) {
    return new Written(resource);
  }

  /** Parses; single quotes stand for double ones. */
  static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the object as it would be stored, valid or not. */
  ObjectNode create(String text) {
    ObjectNode object = json(text);
    FieldTypes.check(resource.type(), object);
    resource.strategy().prepareForCreate(object, SOMEBODY);
    return object;
  }

  /** Returns the errors of a creation, as {@code field: message}. */
  List<String> errors(String text) {
    return lines(resource.strategy().validate(create(text)));
  }

  /** Returns the object as it would replace the old one, valid or not. */
  ObjectNode update(ObjectNode old, String subresource, ObjectNode changed) {
    ObjectNode object = changed.deepCopy();
    FieldTypes.check(resource.type(), object);
    resource.strategy().prepareForUpdate(object, old, subresource, SOMEBODY);
    return object;
  }

  List<String> errors(ObjectNode old, String subresource, ObjectNode changed) {
    return lines(
        resource.strategy().validateUpdate(update(old, subresource, changed), old, subresource));
  }

  /** Returns a table's row by its columns' names. */
  Map<String, String> row(String text, String now) {
    Map<String, String> row = new LinkedHashMap<>();
    var columns = resource.columns().columns();
    var cells = resource.columns().cells(json(text), Instant.parse(now));
    for (int i = 0; i < columns.size(); i++) {
      row.put(columns.get(i).name(), cells.get(i).asText());
    }
    return row;
  }

  private static List<String> lines(List<Cause> causes) {
    return causes.stream().map(cause -> cause.field() + ": " + cause.message()).toList();
  }
}
