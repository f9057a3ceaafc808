package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;

/** Prints objects of one kind as rows, as {@code kubectl get} shows them. */
public interface TableColumns {

  /** Returns the columns in order. */
  List<Column> columns();

  /** Returns an object's cells, one a column: text, numbers or booleans. */
  List<JsonNode> cells(ObjectNode object, Instant now);

  /**
   * A column ({@code TableColumnDefinition}).
   *
   * @param type such as {@code string} and {@code integer}
   * @param format {@code name} for the object's name; otherwise empty
   * @param priority 0 is always shown; higher ones with {@code -o wide}
   */
  record Column(String name, String type, String format, String description, int priority) {}
}
