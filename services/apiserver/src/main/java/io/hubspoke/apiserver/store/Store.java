package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.History.Snapshot;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.List;

/**
 * Keeps API objects under keys, one global, strictly increasing revision for every change (kine's
 * {@code Backend} is the model). Keys are {@code /registry/<group>/<resource>/<namespace>/<name>}.
 * Thread-safe; futures complete on any thread.
 */
public interface Store {

  /** Returns the revision of the last change, 0 or more. */
  Future<Long> currentRevision();

  /** Returns the entry as it is now, or null in the future when there is none. */
  Future<Entry> get(String key);

  /**
   * Lists entries whose keys begin with {@code prefix}, in key order.
   *
   * @param startAfter key after which to begin; empty to begin at the prefix
   * @param limit most entries to return; 0 for all
   * @param revision the state to read; 0 for the newest
   *     <p>Fails with {@link CompactedException} when that revision is compacted, and {@link
   *     FutureRevisionException} when it is yet to come.
   */
  Future<Page> list(String prefix, String startAfter, int limit, long revision);

  /** Creates an entry; fails with {@link ConflictException} when the key exists. */
  Future<Entry> create(String key, Buffer value);

  /** Replaces an entry; fails with {@link ConflictException} unless it is at that revision. */
  Future<Entry> update(String key, Buffer value, long expectedRevision);

  /**
   * Deletes an entry; fails with {@link ConflictException} unless it is at that revision. The
   * future holds the deleted entry with the revision of its deletion.
   */
  Future<Entry> delete(String key, long expectedRevision);

  /**
   * Watches changes to keys beginning with {@code prefix} after {@code afterRevision} (0: from
   * now), in order, each exactly once. The listener is called on any one thread at a time and must
   * not block: one that falls behind the kept history ends. It learns of compaction above its
   * revision or of the store's end by {@link Listener#ended}.
   */
  Watch watch(String prefix, long afterRevision, Listener listener);

  /**
   * Forgets history below {@code revision}: a list at an earlier one then fails, and so does a
   * watch after an earlier one.
   */
  Future<Void> compact(long revision);

  /** Returns the newest state that is known here, without asking anybody else. */
  Snapshot newestKnown();

  /** Tells whether it takes changes: a replica that is cut off from the others does not. */
  default boolean ready() {
    return true;
  }

  /** Releases what the store holds; watches end. */
  Future<Void> close();

  /** An object's bytes and the revision of its last change. */
  record Entry(String key, Buffer value, long revision) {}

  /**
   * One page of a list.
   *
   * @param revision the state that was read
   * @param more whether entries follow the last one
   * @param remaining how many entries follow
   */
  record Page(List<Entry> entries, long revision, boolean more, long remaining) {}

  /** A change. For a deletion the entry has the last value and the revision of the deletion. */
  record Event(Type type, Entry entry, Entry previous) {
    /** What happened to the key. */
    public enum Type {
      CREATED,
      UPDATED,
      DELETED
    }
  }

  /** Receives a watch's events. */
  interface Listener {
    void event(Event event);

    /** Called after events up to this revision have been passed, also when none matched. */
    default void progress(long revision) {}

    /** Called once when the watch can't go on: compacted, too slow, or closed. */
    void ended(Throwable cause);
  }

  /** A running watch. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /** The key exists, or is at another revision; {@link #current} is null when it is gone. */
  final class ConflictException extends RuntimeException {
    private final transient Entry current;

    public ConflictException(String key, Entry current) {
      super(
          key + (current == null ? " does not exist" : " is at " + current.revision()),
          null,
          false,
          false);
      this.current = current;
    }

    public Entry current() {
      return current;
    }
  }

  /** The revision asked for has been compacted. */
  final class CompactedException extends RuntimeException {
    private final long oldest;

    public CompactedException(long asked, long oldest) {
      super(
          "revision " + asked + " is compacted, the oldest kept is " + oldest, null, false, false);
      this.oldest = oldest;
    }

    public long oldest() {
      return oldest;
    }
  }

  /** The revision asked for is yet to come. */
  final class FutureRevisionException extends RuntimeException {
    private final long current;

    public FutureRevisionException(long asked, long current) {
      super("revision " + asked + " is in the future, current is " + current, null, false, false);
      this.current = current;
    }

    public long current() {
      return current;
    }
  }

  /** The store is closed. */
  final class ClosedException extends RuntimeException {
    public ClosedException() {
      super("the store is closed", null, false, false);
    }
  }
}
