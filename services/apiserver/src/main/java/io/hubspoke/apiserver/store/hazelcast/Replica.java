package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.core.HazelcastInstance;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.HistoryWatches;
import io.hubspoke.apiserver.store.PersistentMap;
import io.hubspoke.apiserver.store.Store.ClosedException;
import io.hubspoke.apiserver.store.Store.CompactedException;
import io.hubspoke.apiserver.store.Store.Event;
import io.hubspoke.apiserver.store.Store.FutureRevisionException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * This member's copy of the state, as others may see it: up to the revision that is there to stay.
 * What lies above it a backup may hold while a survivor of the owner makes it something else.
 */
final class Replica {
  /** How long a member is waited for that is about to hold something. */
  private static final Duration ABOUT_TO = Duration.ofMillis(300);

  private static final int HELD = 1024;

  private final int majority;
  private final long snapshotRevision;
  private final HistoryWatches watches = new HistoryWatches(this::after);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // What this copy became by recent batches. Guarded by the lock.
  private final Map<UUID, Position> held =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Position> eldest) {
          return size() > HELD;
        }
      };
  private volatile HazelcastInstance instance;
  private volatile ReplicatedState state;
  private volatile long released;
  private volatile boolean closed;

  /**
   * @param majority so many members must hold a change
   * @param snapshotRevision of the snapshot that this member could begin with; 0 for none
   */
  Replica(int majority, long snapshotRevision) {
    this.majority = majority;
    this.snapshotRevision = snapshotRevision;
  }

  void attach(HazelcastInstance member) {
    instance = member;
  }

  HistoryWatches watches() {
    return watches;
  }

  UUID member() {
    return instance.getCluster().getLocalMember().getUuid();
  }

  /** Tells whether this member sees enough others to make changes that stay. */
  boolean seesMajority() {
    HazelcastInstance here = instance;
    return here != null && here.getCluster().getMembers().size() >= majority;
  }

  /** Notes, on the partition's thread, what a batch made of the copy. */
  void holds(ReplicatedState copy, UUID batch, Position position) {
    lock.lock();
    try {
      if (state != copy) {
        // Another copy took its place, as when this one had gone astray.
        held.clear();
        state = copy;
      }
      held.put(batch, position);
      released = Math.max(released, copy.committed());
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    watches.wake();
  }

  /** Waits a moment until this copy is what a batch led to; tells whether it was. */
  boolean awaitHolding(UUID batch, Position position) {
    long nanos = ABOUT_TO.toNanos();
    lock.lock();
    try {
      while (!position.equals(held.get(batch))) {
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Lets everybody see what came of a batch, if it is what this copy became by it. */
  boolean releaseIfHeld(UUID batch, Position position) {
    lock.lock();
    try {
      if (!position.equals(held.get(batch))) {
        return false;
      }
      released = Math.max(released, position.revision());
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    watches.wake();
    return true;
  }

  /** Answers which snapshot this member could begin with, or that there was a state already. */
  long beginning() {
    return state == null ? snapshotRevision : Question.HAS_BEGUN;
  }

  /** Returns the newest revision that is there to stay and known here. */
  long released() {
    return released;
  }

  /** Waits until this member shows a revision; false when it does not in time. */
  boolean awaitRevision(long revision, Duration limit) {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (!shows(revision)) {
        if (nanos <= 0 || closed) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  boolean shows(long revision) {
    ReplicatedState now = state;
    return now != null && released >= revision && now.revision() >= revision;
  }

  /** Returns the newest state that this member shows. */
  Snapshot newest() {
    ReplicatedState now = state;
    if (now == null) {
      return new Snapshot(0, PersistentMap.empty());
    }
    long upTo = released;
    return now.read(history -> history.at(Math.min(upTo, history.newest().revision())));
  }

  /**
   * Returns the state at a revision.
   *
   * @throws CompactedException below the kept history
   * @throws FutureRevisionException above what this member shows
   */
  Snapshot at(long revision) {
    if (!shows(revision)) {
      throw new FutureRevisionException(revision, released);
    }
    return state.read(history -> history.at(revision));
  }

  private List<Event> after(long revision, int limit) {
    if (closed) {
      throw new ClosedException();
    }
    ReplicatedState now = state;
    long upTo = released;
    if (now == null || upTo <= revision) {
      return List.of();
    }
    int most = (int) Math.min(limit, upTo - revision);
    return now.read(
        history ->
            revision > history.newest().revision() ? List.of() : history.after(revision, most));
  }

  void close() {
    closed = true;
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    watches.wake();
  }
}
