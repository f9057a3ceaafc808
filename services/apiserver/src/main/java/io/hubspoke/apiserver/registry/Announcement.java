package io.hubspoke.apiserver.registry;

import java.util.EnumMap;
import java.util.Map;

/** A change on its way to all watchers, who share the events it becomes. */
final class Announcement {
  private final Change change;
  private final Map<WatchEvent.Type, WatchEvent.Changed> events =
      new EnumMap<>(WatchEvent.Type.class);

  Announcement(Change change) {
    this.change = change;
  }

  long revision() {
    return change.revision();
  }

  /** Returns the event, or null when the change doesn't concern the selection. */
  WatchEvent.Changed seenBy(Selection selection) {
    WatchEvent.Type type = change.typeFor(selection);
    return type == null ? null : events.computeIfAbsent(type, change::event);
  }
}
