package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;

/** Prints objects of one version as those that they are stored as are printed. */
record ConvertedColumns(TableColumns stored, Conversion conversion) implements TableColumns {

  @Override
  public List<Column> columns() {
    return stored.columns();
  }

  @Override
  public List<JsonNode> cells(ObjectNode object, Instant now) {
    return stored.cells(conversion.toStored(object), now);
  }
}
