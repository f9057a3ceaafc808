package io.hubspoke.client;

import java.util.List;

/**
 * A collection as it was at one revision.
 *
 * @param resourceVersion where a watch of what follows begins
 */
public record ObjectList<T>(String resourceVersion, List<Item<T>> items) {
  public ObjectList {
    items = List.copyOf(items);
  }

  /** Returns the objects without their keys. */
  public List<T> objects() {
    return items.stream().map(Item::object).toList();
  }
}
