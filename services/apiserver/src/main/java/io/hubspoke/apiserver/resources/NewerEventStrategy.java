package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Events of {@code events.k8s.io}: reported by whom and why is never left out. */
final class NewerEventStrategy extends GenericStrategy {
  private final Conversion conversion;

  NewerEventStrategy(Conversion conversion) {
    super(true, false, fields());
    this.conversion = conversion;
  }

  private static Map<String, Function<ObjectNode, String>> fields() {
    Map<String, Function<ObjectNode, String>> fields = new HashMap<>();
    for (String field :
        List.of("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")) {
      fields.put("regarding." + field, at("regarding", field));
    }
    fields.put("reason", at("reason"));
    fields.put("reportingController", at("reportingController"));
    fields.put("type", at("type"));
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
    ObjectNode stored = conversion.toStored(event);
    EventRules.validate(stored, "reportingController", errors);
    EventRules.validateNewer(stored, errors);
  }

  @Override
  void validateUpdate(ObjectNode event, ObjectNode old, String subresource, FieldErrors errors) {
    ObjectNode stored = conversion.toStored(event);
    EventRules.validate(stored, "reportingController", errors);
    EventRules.validateNewerUpdate(stored, conversion.toStored(old), errors);
  }
}
