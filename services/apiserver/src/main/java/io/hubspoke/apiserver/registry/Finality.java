package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.resources.ResourceTable;

/** Tells whether anything still holds an object that is being deleted. */
final class Finality {
  private Finality() {}

  /** Returns whether deletion has begun and nobody is waited for any more. */
  static boolean reached(ResourceType type, ObjectNode object) {
    return Meta.deleting(object)
        && object.path("metadata").path("deletionGracePeriodSeconds").asLong(0) == 0
        && !held(type, object);
  }

  /** Returns whether finalizers hold the object, a namespace's own in {@code spec} included. */
  static boolean held(ResourceType type, ObjectNode object) {
    return !object.path("metadata").path("finalizers").isEmpty()
        || (type.equals(ResourceTable.NAMESPACES.type())
            && !object.path("spec").path("finalizers").isEmpty());
  }
}
