package io.hubspoke.apiserver.registry;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Iterator;
import java.util.Queue;

/**
 * One client's watch: a bounded queue between the watch cache, which fills it, and the client's
 * connection, which empties it. A client that doesn't keep up is cut off.
 */
public final class Watcher {
  /** Enough for a burst while the event loop is busy; the client resumes where it was cut off. */
  static final int MAX_EVENTS = 16_384;

  /** Somebody with many watches, each of other objects, can have each hold as much. */
  static final long MAX_BYTES = 8 << 20;

  private final Selection selection;
  private final WatchCache cache;
  private final Runnable wakeup;
  private final Queue<WatchEvent> queue = new ArrayDeque<>();
  private Iterator<? extends WatchEvent> initial = Collections.emptyIterator();
  private long bytes;
  private long revision;
  private State state = State.OPEN;

  /** Whether more events can come. */
  public enum State {
    OPEN,
    /** Nothing follows what is queued. */
    ENDED,
    /** The client was too slow: what was queued is gone. */
    OVERRUN
  }

  Watcher(Selection selection, WatchCache cache, Runnable wakeup) {
    this.selection = selection;
    this.cache = cache;
    this.wakeup = wakeup;
  }

  /** Returns the next event, or null when there is none now. */
  public synchronized WatchEvent poll() {
    if (initial.hasNext()) {
      return initial.next();
    }
    WatchEvent event = queue.poll();
    if (event instanceof WatchEvent.Changed changed) {
      bytes -= changed.object().size();
    }
    return event;
  }

  public synchronized State state() {
    return state;
  }

  /** Queues a bookmark with the newest revision that the client can rely on. */
  public void bookmark() {
    cache.bookmark(this, false);
  }

  /** Releases what the watch holds; nothing is queued any more. */
  public void close() {
    cache.remove(this);
    synchronized (this) {
      state = State.ENDED;
      clear();
    }
  }

  Selection selection() {
    return selection;
  }

  /** Begins with these events, taken one by one as the client reads them. */
  synchronized void beginWith(Iterator<? extends WatchEvent> events, long upTo) {
    initial = events;
    revision = upTo;
  }

  void offer(Announcement announcement) {
    if (announcement.revision() <= revision) {
      return;
    }
    WatchEvent.Changed event = announcement.seenBy(selection);
    if (event != null) {
      revision = announcement.revision();
      enqueue(event, event.object().size());
    }
  }

  void offerBookmark(long upTo, boolean initialEventsEnd) {
    revision = Math.max(revision, upTo);
    var type = selection.type();
    enqueue(new WatchEvent.Bookmark(type.apiVersion(), type.kind(), revision, initialEventsEnd), 0);
  }

  /** Ends the watch after what is queued and, unless it is null, this event. */
  void end(WatchEvent last) {
    synchronized (this) {
      if (state == State.OPEN) {
        if (last != null) {
          queue.add(last);
        }
        state = State.ENDED;
      }
    }
    wakeup.run();
  }

  private void enqueue(WatchEvent event, int size) {
    synchronized (this) {
      if (state != State.OPEN) {
        return;
      }
      if (queue.size() >= MAX_EVENTS || (bytes + size > MAX_BYTES && !queue.isEmpty())) {
        state = State.OVERRUN;
        clear();
      } else {
        queue.add(event);
        bytes += size;
      }
    }
    wakeup.run();
  }

  private void clear() {
    queue.clear();
    initial = Collections.emptyIterator();
    bytes = 0;
  }
}
