package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import java.util.Collection;

/**
 * Reads the newest objects from memory, kept current by the store's watch; for authenticators,
 * authorizers and admission, which must not wait. Callers must not change what they get.
 */
public interface Lister {
  /** Returns the object, or null. */
  ObjectNode get(ResourceType type, String namespace, String name);

  /**
   * Returns the object.
   *
   * @throws io.hubspoke.api.ApiException 404 when there is none
   */
  default ObjectNode need(ResourceType type, String namespace, String name) {
    ObjectNode object = get(type, namespace, name);
    if (object == null) {
      throw Status.notFound(type, name).toException();
    }
    return object;
  }

  /** Returns the objects of a namespace; of all when it is empty. */
  Collection<ObjectNode> list(ResourceType type, String namespace);

  /** Returns a number that changes whenever an object of the type does; for what is cached. */
  long version(ResourceType type);

  /** Tells a follower of all objects of a type, now and for ever. */
  void follow(ResourceType type, ObjectFollower follower);
}
