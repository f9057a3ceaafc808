package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/**
 * Prints objects as a {@code meta.k8s.io/v1 Table} (API concepts, "Receiving resources as Tables").
 */
public final class TableDocument {
  private TableDocument() {}

  /** What of an object its row carries ({@code includeObject}). */
  public enum IncludeObject {
    NONE,
    METADATA,
    OBJECT;

    /**
     * Reads the query parameter; empty is metadata.
     *
     * @throws io.hubspoke.api.ApiException 400 for anything else
     */
    public static IncludeObject parse(String text) {
      return switch (text) {
        case "" -> METADATA;
        case "None", "Metadata", "Object" -> valueOf(text.toUpperCase(Locale.ROOT));
        default ->
            throw Status.badRequest(
                    "unrecognized includeObject value: \""
                        + text
                        + "\": must be one of None,"
                        + " Metadata, Object")
                .toException();
      };
    }
  }

  /**
   * Makes a table.
   *
   * @param listMetadata the list's metadata, or the object's for a table of one; may be empty
   * @param headers whether to define the columns; a watch does so once
   */
  public static ObjectNode of(
      Resource resource,
      String apiVersion,
      ObjectNode listMetadata,
      List<ObjectNode> objects,
      IncludeObject include,
      boolean headers,
      Instant now) {
    ObjectNode table = Json.object();
    table.put("kind", "Table").put("apiVersion", "meta.k8s.io/" + apiVersion);
    table.set("metadata", listMetadata);
    ArrayNode columns = table.putArray("columnDefinitions");
    if (headers) {
      for (TableColumns.Column column : resource.columns().columns()) {
        columns
            .addObject()
            .put("name", column.name())
            .put("type", column.type())
            .put("format", column.format())
            .put("description", column.description())
            .put("priority", column.priority());
      }
    }
    ArrayNode rows = table.putArray("rows");
    for (ObjectNode object : objects) {
      ObjectNode row = rows.addObject();
      ArrayNode cells = row.putArray("cells");
      for (JsonNode cell : resource.columns().cells(object, now)) {
        cells.add(cell);
      }
      switch (include) {
        case NONE -> {}
        case METADATA -> row.set("object", partial(object, apiVersion));
        case OBJECT -> row.set("object", object);
      }
    }
    return table;
  }

  /** Returns an object's metadata alone ({@code PartialObjectMetadata}). */
  public static ObjectNode partial(ObjectNode object, String apiVersion) {
    ObjectNode partial = Json.object();
    partial.put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/" + apiVersion);
    partial.set("metadata", object.path("metadata"));
    return partial;
  }
}
