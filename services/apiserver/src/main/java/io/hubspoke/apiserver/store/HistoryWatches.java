package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.Store.Event;
import io.hubspoke.apiserver.store.Store.Listener;
import io.hubspoke.apiserver.store.Store.Watch;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Watches that follow a history, each on a thread of its own, so that a slow listener holds up
 * itself alone. A watch is a place in the history, so it costs no memory of its own, and one that
 * falls behind the history ends.
 */
public final class HistoryWatches {
  private static final int BATCH = 256;

  private final Source source;
  private final Set<Running> running = ConcurrentHashMap.newKeySet();

  /** What watches read. */
  @FunctionalInterface
  public interface Source {
    /**
     * Returns up to {@code limit} events that follow a revision, none while there are none.
     *
     * @throws RuntimeException that watches end with: compacted, or closed
     */
    List<Event> after(long revision, int limit);
  }

  public HistoryWatches(Source source) {
    this.source = source;
  }

  /** Passes what follows a revision to a listener, as {@link Store#watch} says. */
  public Watch watch(String prefix, long afterRevision, Listener listener) {
    var watch = new Running(prefix, afterRevision, listener);
    running.add(watch);
    watch.thread.start();
    return watch;
  }

  /** Says that the source has more, or has come to its end. */
  public void wake() {
    running.forEach(Running::wake);
  }

  private final class Running implements Watch {
    private final String prefix;
    private final Listener listener;
    private final Thread thread;
    private long position;
    private volatile boolean open = true;

    Running(String prefix, long position, Listener listener) {
      this.prefix = prefix;
      this.position = position;
      this.listener = listener;
      this.thread = Thread.ofVirtual().name("store watch " + prefix).unstarted(this::run);
    }

    @Override
    public void close() {
      open = false;
      running.remove(this);
      wake();
    }

    void wake() {
      LockSupport.unpark(thread);
    }

    private void run() {
      try {
        while (open) {
          List<Event> batch = source.after(position, BATCH);
          if (batch.isEmpty()) {
            LockSupport.park(this);
          } else {
            pass(batch);
          }
        }
      } catch (RuntimeException e) {
        running.remove(this);
        if (open) {
          listener.ended(e);
        }
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
