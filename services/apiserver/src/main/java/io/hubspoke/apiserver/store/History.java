package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.Store.CompactedException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.apiserver.store.Store.Event;
import io.hubspoke.apiserver.store.Store.FutureRevisionException;
import io.hubspoke.apiserver.store.Store.Page;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The recent revisions: what changed, and the whole state after each change. Bounded by number,
 * size and age. Not thread-safe.
 */
public final class History {
  /** What a revision costs beside its value: the copied path of the tree, the event, the slot. */
  private static final long OVERHEAD = 1024;

  /**
   * How much history is kept.
   *
   * @param revisions most revisions
   * @param bytes most memory, estimated
   * @param age what is older goes; the real apiserver compacts every five minutes
   */
  public record Retention(int revisions, long bytes, Duration age) {
    public static final Retention DEFAULT = new Retention(20_000, 32 << 20, Duration.ofMinutes(5));
  }

  /** The state at a revision. */
  public record Snapshot(long revision, PersistentMap<Entry> entries) {
    /** Reads entries as {@link Store#list} does. */
    public Page page(String prefix, String startAfter, int limit) {
      String from = startAfter.compareTo(prefix) < 0 ? prefix : PersistentMap.next(startAfter);
      String end = PersistentMap.endOf(prefix);
      int count = entries.count(from, end);
      int size = limit > 0 ? Math.min(limit, count) : count;
      List<Entry> found = new ArrayList<>(size);
      var range = entries.range(from, end).iterator();
      while (found.size() < size) {
        found.add(range.next());
      }
      return new Page(found, revision, size < count, count - size);
    }
  }

  private record Slot(Snapshot after, Event event, long atMillis, long cost) {}

  private final Retention retention;
  private Slot[] ring = new Slot[256];
  private int first;
  private int count;
  private long bytes;

  public History(Retention retention, Snapshot initial, long nowMillis) {
    this.retention = retention;
    push(new Slot(initial, null, nowMillis, OVERHEAD));
  }

  /** Returns the first revision whose state is kept. */
  public long oldest() {
    return slot(0).after.revision();
  }

  public Snapshot newest() {
    return slot(count - 1).after;
  }

  /** Adds the state after one more change, and forgets what is beyond the bounds. */
  public void append(Snapshot after, Event event, long nowMillis) {
    push(new Slot(after, event, nowMillis, OVERHEAD + event.entry().value().length()));
    long expired = nowMillis - retention.age().toMillis();
    while (count > 1
        && (count > retention.revisions()
            || bytes > retention.bytes()
            // The second slot's age: the first is the state in which that one found the store.
            || slot(1).atMillis < expired)) {
      dropOldest();
    }
  }

  /** Returns the state at a revision. */
  public Snapshot at(long revision) {
    if (revision > newest().revision()) {
      throw new FutureRevisionException(revision, newest().revision());
    }
    if (revision < oldest()) {
      throw new CompactedException(revision, oldest());
    }
    return slot((int) (revision - oldest())).after;
  }

  /** Returns up to {@code limit} events that follow a revision. */
  public List<Event> after(long revision, int limit) {
    if (revision < oldest()) {
      throw new CompactedException(revision, oldest());
    }
    long from = revision - oldest() + 1;
    List<Event> events = new ArrayList<>((int) Math.min(limit, Math.max(0, count - from)));
    for (long i = from; i < count && events.size() < limit; i++) {
      events.add(slot((int) i).event);
    }
    return events;
  }

  /** Forgets what is below a revision. */
  public void compact(long revision) {
    while (oldest() < revision) {
      dropOldest();
    }
  }

  private Slot slot(int index) {
    return ring[(first + index) & (ring.length - 1)];
  }

  private void push(Slot slot) {
    if (count == ring.length) {
      Slot[] larger = new Slot[ring.length * 2];
      for (int i = 0; i < count; i++) {
        larger[i] = slot(i);
      }
      ring = larger;
      first = 0;
    }
    ring[(first + count) & (ring.length - 1)] = slot;
    count++;
    bytes += slot.cost;
  }

  private void dropOldest() {
    bytes -= slot(0).cost;
    ring[first] = null;
    first = (first + 1) & (ring.length - 1);
    count--;
  }
}
