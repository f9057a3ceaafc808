package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.History.Retention;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps objects in this process. Writers take turns for the moment that a change takes; a list
 * reads an immutable map and holds nobody up. A watch is a place in the shared history, so it costs
 * no memory of its own, and one that falls behind the history ends.
 */
public final class MemoryStore implements Store {
  /** Where etcd begins as well: 0 means "any" to clients. */
  private static final long FIRST_REVISION = 1;

  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final History history;
  private final HistoryWatches watches = new HistoryWatches(this::after);
  private volatile Snapshot newest;
  private volatile boolean closed;

  /** Makes an empty store whose revisions begin where etcd's do. */
  public MemoryStore() {
    this(Retention.DEFAULT, InstantSource.system());
  }

  /**
   * Makes an empty store whose revisions follow all that any store before it has given out, unless
   * it took more than sixteen changes each millisecond of its life. So clients that come back with
   * a revision of a former life are told that it is gone, and don't wait for one that means
   * something else here.
   */
  public static MemoryStore afterOthers(InstantSource clock) {
    return restored(clock, new Snapshot(0, PersistentMap.empty()));
  }

  /** Makes a store of what a former one held, whose revisions go on after all of that one's. */
  public static MemoryStore restored(InstantSource clock, Snapshot former) {
    long first = Math.max(former.revision() + 1, clock.millis() << 4);
    return new MemoryStore(Retention.DEFAULT, clock, new Snapshot(first, former.entries()));
  }

  MemoryStore(Retention retention, InstantSource clock) {
    this(retention, clock, new Snapshot(FIRST_REVISION, PersistentMap.empty()));
  }

  private MemoryStore(Retention retention, InstantSource clock, Snapshot first) {
    this.clock = clock;
    this.newest = first;
    this.history = new History(retention, newest, clock.millis());
  }

  @Override
  public Future<Long> currentRevision() {
    return closed
        ? Future.failedFuture(new ClosedException())
        : Future.succeededFuture(newest.revision());
  }

  @Override
  public Future<Entry> get(String key) {
    return closed
        ? Future.failedFuture(new ClosedException())
        : Future.succeededFuture(newest.entries().get(key));
  }

  @Override
  public Future<Page> list(String prefix, String startAfter, int limit, long revision) {
    Snapshot snapshot;
    try {
      snapshot = at(revision);
    } catch (CompactedException | FutureRevisionException | ClosedException e) {
      return Future.failedFuture(e);
    }
    return Future.succeededFuture(snapshot.page(prefix, startAfter, limit));
  }

  @Override
  public Future<Entry> create(String key, Buffer value) {
    return change(key, 0, value);
  }

  @Override
  public Future<Entry> update(String key, Buffer value, long expectedRevision) {
    return change(key, checked(expectedRevision), value);
  }

  @Override
  public Future<Entry> delete(String key, long expectedRevision) {
    return change(key, checked(expectedRevision), null);
  }

  @Override
  public Watch watch(String prefix, long afterRevision, Listener listener) {
    return watches.watch(prefix, afterRevision == 0 ? newest.revision() : afterRevision, listener);
  }

  @Override
  public Snapshot newestKnown() {
    return newest;
  }

  @Override
  public Future<Void> compact(long revision) {
    lock.lock();
    try {
      if (revision > newest.revision()) {
        return Future.failedFuture(new FutureRevisionException(revision, newest.revision()));
      }
      history.compact(revision);
      return Future.succeededFuture();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Future<Void> close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    watches.wake();
    return Future.succeededFuture();
  }

  private List<Event> after(long revision, int limit) {
    lock.lock();
    try {
      List<Event> batch = history.after(revision, limit);
      if (batch.isEmpty() && closed) {
        throw new ClosedException();
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private static long checked(long expectedRevision) {
    if (expectedRevision <= 0) {
      throw new IllegalArgumentException("expected revision " + expectedRevision);
    }
    return expectedRevision;
  }

  private Snapshot at(long revision) {
    if (closed) {
      throw new ClosedException();
    }
    Snapshot now = newest;
    if (revision == 0 || revision == now.revision()) {
      return now;
    }
    lock.lock();
    try {
      return history.at(revision);
    } finally {
      lock.unlock();
    }
  }

  /** Applies one change if the key is at the expected revision, 0 meaning absent. */
  private Future<Entry> change(String key, long expected, Buffer value) {
    Entry result;
    lock.lock();
    try {
      if (closed) {
        return Future.failedFuture(new ClosedException());
      }
      Snapshot before = newest;
      Entry current = before.entries().get(key);
      if ((current == null ? 0 : current.revision()) != expected) {
        return Future.failedFuture(new ConflictException(key, current));
      }
      long revision = before.revision() + 1;
      result = new Entry(key, value == null ? current.value() : value, revision);
      var type =
          value == null
              ? Event.Type.DELETED
              : current == null ? Event.Type.CREATED : Event.Type.UPDATED;
      var entries =
          value == null ? before.entries().without(key) : before.entries().with(key, result);
      newest = new Snapshot(revision, entries);
      history.append(newest, new Event(type, result, current), clock.millis());
    } finally {
      lock.unlock();
    }
    watches.wake();
    return Future.succeededFuture(result);
  }
}
