package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.hubspoke.api.Meta;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/** Columns with a function each, put together one by one. */
final class ColumnList implements TableColumns {
  private final List<Column> columns = new ArrayList<>();
  private final List<BiFunction<ObjectNode, Instant, JsonNode>> cells = new ArrayList<>();

  /** Begins with the object's name, as nearly every table does. */
  static ColumnList named() {
    return named(Meta::name);
  }

  /** Begins with the object's name and what is to be said beside it. */
  static ColumnList named(Function<ObjectNode, String> name) {
    return new ColumnList()
        .add(
            new Column("Name", "string", "name", "Name of the object, unique in its namespace.", 0),
            (object, now) -> TextNode.valueOf(name.apply(object)));
  }

  ColumnList text(String name, String description, Function<ObjectNode, String> cell) {
    return text(name, description, 0, (object, now) -> cell.apply(object));
  }

  /** Adds a column that is shown with {@code -o wide}. */
  ColumnList wide(String name, String description, Function<ObjectNode, String> cell) {
    return text(name, description, 1, (object, now) -> cell.apply(object));
  }

  ColumnList text(
      String name, String description, int priority, BiFunction<ObjectNode, Instant, String> cell) {
    return add(
        new Column(name, "string", "", description, priority),
        (object, now) -> TextNode.valueOf(cell.apply(object, now)));
  }

  ColumnList number(String name, String description, int priority, ToIntFunction<ObjectNode> cell) {
    return add(
        new Column(name, "integer", "", description, priority),
        (object, now) -> IntNode.valueOf(cell.applyAsInt(object)));
  }

  ColumnList bool(String name, String description, Predicate<ObjectNode> cell) {
    return add(
        new Column(name, "boolean", "", description, 0),
        (object, now) -> BooleanNode.valueOf(cell.test(object)));
  }

  ColumnList age() {
    return text(
        "Age",
        "How long ago the object was created.",
        0,
        (object, now) -> Age.since(Meta.text(object, "creationTimestamp"), now));
  }

  private ColumnList add(Column column, BiFunction<ObjectNode, Instant, JsonNode> cell) {
    columns.add(column);
    cells.add(cell);
    return this;
  }

  @Override
  public List<Column> columns() {
    return List.copyOf(columns);
  }

  @Override
  public List<JsonNode> cells(ObjectNode object, Instant now) {
    List<JsonNode> row = new ArrayList<>(cells.size());
    for (var cell : cells) {
      row.add(cell.apply(object, now));
    }
    return row;
  }
}
