package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.History.Retention;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps objects in this process. Writers take turns for the moment that a change takes; a list
 * reads an immutable map and holds nobody up. A watch is a place in the shared history, so it costs
 * no memory of its own, and one that falls behind the history ends.
 */
public final class MemoryStore implements Store {
  /** Where etcd begins as well: 0 means "any" to clients. */
  private static final long FIRST_REVISION = 1;

  private static final int BATCH = 256;

  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final History history;
  private final Set<HistoryWatch> watches = ConcurrentHashMap.newKeySet();
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
    return new MemoryStore(Retention.DEFAULT, clock, clock.millis() << 4);
  }

  MemoryStore(Retention retention, InstantSource clock) {
    this(retention, clock, FIRST_REVISION);
  }

  private MemoryStore(Retention retention, InstantSource clock, long firstRevision) {
    this.clock = clock;
    this.newest = new Snapshot(firstRevision, PersistentMap.empty());
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
    String from = startAfter.compareTo(prefix) < 0 ? prefix : PersistentMap.next(startAfter);
    String end = PersistentMap.endOf(prefix);
    int count = snapshot.entries().count(from, end);
    int size = limit > 0 ? Math.min(limit, count) : count;
    List<Entry> entries = new ArrayList<>(size);
    var range = snapshot.entries().range(from, end).iterator();
    while (entries.size() < size) {
      entries.add(range.next());
    }
    return Future.succeededFuture(
        new Page(entries, snapshot.revision(), size < count, count - size));
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
    var watch = new HistoryWatch(prefix, listener);
    lock.lock();
    try {
      watch.position = afterRevision == 0 ? newest.revision() : afterRevision;
      watches.add(watch);
    } finally {
      lock.unlock();
    }
    watch.thread.start();
    return watch;
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
    watches.forEach(HistoryWatch::wake);
    return Future.succeededFuture();
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
    watches.forEach(HistoryWatch::wake);
    return Future.succeededFuture(result);
  }

  /** Follows the history on a thread of its own, so that a slow listener holds up itself alone. */
  private final class HistoryWatch implements Watch {
    private final String prefix;
    private final Listener listener;
    private final Thread thread;
    private long position;
    private volatile boolean open = true;

    HistoryWatch(String prefix, Listener listener) {
      this.prefix = prefix;
      this.listener = listener;
      this.thread = Thread.ofVirtual().name("store watch " + prefix).unstarted(this::run);
    }

    @Override
    public void close() {
      open = false;
      watches.remove(this);
      wake();
    }

    void wake() {
      LockSupport.unpark(thread);
    }

    private void run() {
      try {
        while (open) {
          List<Event> batch = next();
          if (batch.isEmpty()) {
            LockSupport.park(this);
          } else {
            pass(batch);
          }
        }
      } catch (RuntimeException e) {
        watches.remove(this);
        if (open) {
          listener.ended(e);
        }
      }
    }

    private List<Event> next() {
      lock.lock();
      try {
        List<Event> batch = history.after(position, BATCH);
        if (batch.isEmpty() && closed) {
          throw new ClosedException();
        }
        return batch;
      } finally {
        lock.unlock();
      }
    }

    private void pass(List<Event> batch) {
      for (Event event : batch) {
        if (!open) {
          return;
        }
        if (event.entry().key().startsWith(prefix)) {
          listener.event(event);
        }
      }
      position = batch.getLast().entry().revision();
      listener.progress(position);
    }
  }
}
