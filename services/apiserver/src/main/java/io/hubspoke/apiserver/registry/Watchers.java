package io.hubspoke.apiserver.registry;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Who watches a resource. Those who select one value of a field, such as the pods of their node,
 * are found by it: else each change would be held up against the selectors of thousands of
 * kubelets. Used under its cache's lock.
 */
final class Watchers {
  private final Set<Watcher> all = new LinkedHashSet<>();
  private final Set<Watcher> others = new LinkedHashSet<>();

  /** By field, then by value. */
  private final Map<String, Map<String, Set<Watcher>>> pinned = new HashMap<>();

  int size() {
    return all.size();
  }

  boolean contains(Watcher watcher) {
    return all.contains(watcher);
  }

  void add(Watcher watcher) {
    all.add(watcher);
    var pin = watcher.selection().pin();
    if (pin == null) {
      others.add(watcher);
    } else {
      pinned
          .computeIfAbsent(pin.field(), field -> new HashMap<>())
          .computeIfAbsent(pin.value(), value -> new LinkedHashSet<>())
          .add(watcher);
    }
  }

  void remove(Watcher watcher) {
    if (!all.remove(watcher)) {
      return;
    }
    var pin = watcher.selection().pin();
    if (pin == null) {
      others.remove(watcher);
      return;
    }
    var byValue = pinned.get(pin.field());
    var same = byValue.get(pin.value());
    same.remove(watcher);
    if (same.isEmpty()) {
      byValue.remove(pin.value());
      if (byValue.isEmpty()) {
        pinned.remove(pin.field());
      }
    }
  }

  /** Ends all of them. */
  void clear(Consumer<Watcher> last) {
    all.forEach(last);
    all.clear();
    others.clear();
    pinned.clear();
  }

  /** Tells those whom a change may concern; who doesn't keep up is forgotten. */
  void offer(Change change) {
    var announcement = new Announcement(change);
    var overrun = new LinkedHashSet<Watcher>();
    offer(announcement, others, overrun);
    pinned.forEach(
        (field, byValue) -> {
          String is = change.after() == null ? null : change.after().field(field);
          String was = change.before() == null ? null : change.before().field(field);
          if (is != null) {
            offer(announcement, byValue.get(is), overrun);
          }
          if (was != null && !was.equals(is)) {
            offer(announcement, byValue.get(was), overrun);
          }
        });
    overrun.forEach(this::remove);
  }

  private static void offer(
      Announcement announcement, Set<Watcher> concerned, Set<Watcher> overrun) {
    if (concerned == null) {
      return;
    }
    for (Watcher watcher : concerned) {
      watcher.offer(announcement);
      if (watcher.state() == Watcher.State.OVERRUN) {
        overrun.add(watcher);
      }
    }
  }
}
