package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.resources.Conversion;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;

/**
 * A request that a webhook is to be asked about.
 *
 * @param type in whose version the webhook wants the object, by {@code matchPolicy: Equivalent}
 */
record Invocation(Webhook webhook, AdmissionRequest request, ResourceType type) {

  /** Returns an object of the request's as the webhook wants it. */
  ObjectNode shown(ObjectNode object) {
    return convert(object, request.type(), type);
  }

  /** Returns an object that the webhook has changed as the request has it. */
  ObjectNode taken(ObjectNode object) {
    return convert(object, type, request.type());
  }

  private static ObjectNode convert(ObjectNode object, ResourceType from, ResourceType to) {
    if (object == null || from.equals(to)) {
      return object;
    }
    ObjectNode stored = conversion(from).toStored(object);
    return conversion(to).fromStored(stored);
  }

  private static Conversion conversion(ResourceType type) {
    return ResourceTable.lookup(type.group(), type.version(), type.plural())
        .map(Resource::conversion)
        .orElse(Conversion.NONE);
  }
}
