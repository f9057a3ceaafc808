package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.store.PersistentMap;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The newest objects of one resource, its latest changes, and who watches them. Reading needs no
 * lock: the objects are an immutable map.
 */
final class WatchCache {
  private static final int WINDOW = 2_048;
  private static final long WINDOW_BYTES = 8 << 20;

  /**
   * As much is kept of what came just now: else who was cut off in a flood, such as the pods of a
   * thousand nodes, finds its end gone and has to list all of them, which is slower still. The
   * number and the time are those of the real watch cache, whose time is what lies between two
   * bookmarks and a little: who has had the last one needn't list either.
   */
  private static final int FLOOD = 100 * 1024;

  private static final long FLOOD_BYTES = 64 << 20;
  private static final long JUST_NOW_NANOS = TimeUnit.SECONDS.toNanos(75);

  private final Resource resource;
  private final ObjectEncoding encoding;
  private final LongSupplier progress;
  private final Deque<Remembered> window = new ArrayDeque<>();
  private final Watchers watchers = new Watchers();
  private final List<ObjectFollower> followers = new ArrayList<>();
  private long windowBytes;

  /** The revision after which no change is missing from the window. */
  private long windowStart;

  private volatile Contents contents = new Contents(PersistentMap.empty(), 0);

  /** The objects, and the revision of the last change to one of them. */
  private record Contents(PersistentMap<StoredObject> objects, long changed) {}

  private record Remembered(Change change, long nanos) {}

  /** The objects as they were at a revision. */
  record Snapshot(PersistentMap<StoredObject> objects, long revision) {}

  /** Where a watch begins. */
  sealed interface Start {
    /** With the objects that exist, each as if it were just added. */
    record Existing(boolean bookmarkAfter) implements Start {}

    /** With what changed after a revision. */
    record After(long revision) implements Start {}
  }

  /**
   * @param progress up to which revision every resource's changes have been applied
   */
  WatchCache(Resource resource, LongSupplier progress) {
    this.resource = resource;
    this.encoding = new ObjectEncoding(resource);
    this.progress = progress;
  }

  ObjectEncoding encoding() {
    return encoding;
  }

  StoredObject object(String key, Buffer value, long revision) {
    return new StoredObject(resource, encoding, key, value, revision);
  }

  /** Returns the newest object, or null. */
  StoredObject get(String key) {
    return contents.objects.get(key);
  }

  /** Returns the revision of the last change to one of the objects. */
  long changed() {
    return contents.changed;
  }

  Snapshot snapshot() {
    // In this order: what the first read covers is in what the second one returns.
    long applied = progress.getAsLong();
    Contents now = contents;
    return new Snapshot(now.objects, Math.max(applied, now.changed));
  }

  synchronized int watcherCount() {
    return watchers.size();
  }

  /** Begins anew; watches from before must list again. */
  synchronized void load(PersistentMap<StoredObject> objects, long revision) {
    endWatches(new WatchEvent.Failed(Status.expired("too old resource version")));
    window.clear();
    windowBytes = 0;
    windowStart = revision;
    var before = contents.objects;
    contents = new Contents(objects, revision);
    for (ObjectFollower follower : followers) {
      for (StoredObject old : before.values()) {
        if (objects.get(old.key()) == null) {
          follower.changed(old.namespace(), old.name(), null);
        }
      }
      objects.values().forEach(object -> tell(follower, object));
    }
  }

  /** Tells a follower what there is, and of every change from now on. */
  synchronized void follow(ObjectFollower follower) {
    followers.add(follower);
    contents.objects.values().forEach(object -> tell(follower, object));
  }

  private static void tell(ObjectFollower follower, StoredObject object) {
    follower.changed(object.namespace(), object.name(), object.tree());
  }

  synchronized void apply(Change change) {
    var objects = contents.objects;
    contents =
        new Contents(
            change.after() == null
                ? objects.without(change.key())
                : objects.with(change.key(), change.after()),
            change.revision());
    remember(change);
    for (ObjectFollower follower : followers) {
      if (change.after() == null) {
        follower.changed(change.before().namespace(), change.before().name(), null);
      } else {
        tell(follower, change.after());
      }
    }
    watchers.offer(change);
  }

  synchronized Watcher watch(Selection selection, Start start, Runnable wakeup) {
    var watcher = new Watcher(selection, this, wakeup);
    switch (start) {
      case Start.Existing existing -> {
        Snapshot now = snapshot();
        watcher.beginWith(added(now, selection), now.revision());
        if (existing.bookmarkAfter()) {
          watcher.offerBookmark(now.revision(), true);
        }
      }
      case Start.After after -> {
        if (after.revision() < windowStart) {
          return expired(selection, after.revision(), wakeup);
        }
        watcher.beginWith(Collections.emptyIterator(), after.revision());
        replay(watcher, after.revision());
      }
    }
    watchers.add(watcher);
    return watcher;
  }

  /** Returns a watch that ends at once, since what follows the revision is not known. */
  synchronized Watcher expired(Selection selection, long revision, Runnable wakeup) {
    var watcher = new Watcher(selection, this, wakeup);
    String why = revision < windowStart ? "too old" : "unknown";
    String message = why + " resource version: " + revision + " (" + windowStart + ")";
    watcher.end(new WatchEvent.Failed(Status.expired(message)));
    return watcher;
  }

  synchronized void bookmark(Watcher watcher, boolean initialEventsEnd) {
    if (watchers.contains(watcher)) {
      watcher.offerBookmark(snapshot().revision(), initialEventsEnd);
    }
  }

  synchronized void remove(Watcher watcher) {
    watchers.remove(watcher);
  }

  synchronized void endWatches(WatchEvent last) {
    watchers.clear(watcher -> watcher.end(last));
  }

  private void replay(Watcher watcher, long after) {
    var selection = watcher.selection();
    var missed = new ArrayDeque<Change>();
    for (var newest = window.descendingIterator(); newest.hasNext(); ) {
      Change change = newest.next().change;
      if (change.revision() <= after) {
        break;
      }
      if (change.typeFor(selection) != null) {
        missed.addFirst(change);
      }
    }
    // The window is shared, so a resumed watch's backlog is not what its queue is bounded for;
    // events
    // are made of it one by one, as the client reads.
    long upTo = window.isEmpty() ? after : Math.max(after, window.getLast().change.revision());
    watcher.beginWith(
        missed.stream().map(change -> change.event(change.typeFor(selection))).iterator(), upTo);
  }

  private void remember(Change change) {
    long now = System.nanoTime();
    window.add(new Remembered(change, now));
    windowBytes += size(change);
    while (window.size() > 1 && isBeyond(window.getFirst(), now)) {
      Change oldest = window.remove().change;
      windowBytes -= size(oldest);
      windowStart = oldest.revision();
    }
  }

  private boolean isBeyond(Remembered oldest, long now) {
    return now - oldest.nanos < JUST_NOW_NANOS
        ? window.size() > FLOOD || windowBytes > FLOOD_BYTES
        : window.size() > WINDOW || windowBytes > WINDOW_BYTES;
  }

  private static int size(Change change) {
    return change.after() == null ? 0 : change.after().size();
  }

  private static Iterator<WatchEvent.Changed> added(Snapshot snapshot, Selection selection) {
    String prefix = selection.prefix();
    var objects = snapshot.objects().range(prefix, PersistentMap.endOf(prefix)).iterator();
    return new Iterator<>() {
      private StoredObject next = advance();

      @Override
      public boolean hasNext() {
        return next != null;
      }

      @Override
      public WatchEvent.Changed next() {
        var event = new WatchEvent.Changed(WatchEvent.Type.ADDED, next);
        next = advance();
        return event;
      }

      private StoredObject advance() {
        while (objects.hasNext()) {
          StoredObject object = objects.next();
          if (selection.selects(object)) {
            return object;
          }
        }
        return null;
      }
    };
  }
}
