package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Events of {@code events.k8s.io}: reported by whom and why is never left out. */
final class NewerEventStrategy extends GenericStrategy {
  private final Conversion conversion;

  NewerEventStrategy(Conversion conversion) {
    super(true, false, EventRules.fields("regarding", "reportingController"));
    this.conversion = conversion;
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
