package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.function.Function;

/** Events: about an object of their own namespace. */
final class EventStrategy extends GenericStrategy {
  EventStrategy() {
    super(true, false, fields());
  }

  private static Map<String, Function<ObjectNode, String>> fields() {
    Map<String, Function<ObjectNode, String>> fields =
        EventRules.fields("involvedObject", "reportingComponent");
    fields.put(
        "source",
        event -> {
          String component = event.path("source").path("component").asText("");
          return component.isEmpty() ? event.path("reportingComponent").asText("") : component;
        });
    return fields;
  }

  @Override
  public DependentsPolicy dependentsPolicy() {
    return DependentsPolicy.UNSUPPORTED;
  }

  @Override
  public boolean allowsCreateOnUpdate() {
    return true;
  }

  @Override
  void validate(ObjectNode event, FieldErrors errors) {
    EventRules.validate(event, "reportingComponent", errors);
  }
}
