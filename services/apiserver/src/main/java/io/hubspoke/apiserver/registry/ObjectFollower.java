package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Keeps an index of its own current with all objects of a type. It is told of changes in their
 * order, by one thread at a time, and before anybody else sees them; it must neither block nor
 * fail.
 */
@FunctionalInterface
public interface ObjectFollower {
  /**
   * Hears of an object that is there, or has changed.
   *
   * @param object must not be changed; null when the object is gone
   */
  void changed(String namespace, String name, ObjectNode object);
}
