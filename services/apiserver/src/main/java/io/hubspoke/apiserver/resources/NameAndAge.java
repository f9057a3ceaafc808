package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.hubspoke.api.Meta;
import java.time.Instant;
import java.util.List;

/** Prints kinds that have no columns of their own. */
final class NameAndAge implements TableColumns {
  static final NameAndAge COLUMNS = new NameAndAge();

  private NameAndAge() {}

  @Override
  public List<Column> columns() {
    return List.of(
        new Column("Name", "string", "name", "Name must be unique within a namespace.", 0),
        new Column("Age", "string", "", "CreationTimestamp is when the object was created.", 0));
  }

  @Override
  public List<JsonNode> cells(ObjectNode object, Instant now) {
    return List.of(
        TextNode.valueOf(Meta.name(object)),
        TextNode.valueOf(Age.since(Meta.text(object, "creationTimestamp"), now)));
  }
}
