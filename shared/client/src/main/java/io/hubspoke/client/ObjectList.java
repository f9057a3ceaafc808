package io.hubspoke.client;

import java.util.List;

/**
 * A collection as it was at one revision.
 *
 * @param resourceVersion where a watch of what follows begins
 * @param unreadable what is there but can't be read as the type wanted
 */
public record ObjectList<T>(
    String resourceVersion, List<Item<T>> items, List<UnreadableObject> unreadable) {
  public ObjectList {
    items = List.copyOf(items);
    unreadable = List.copyOf(unreadable);
  }

  /** Returns the objects without their keys. */
  public List<T> objects() {
    return items.stream().map(Item::object).toList();
  }
}
