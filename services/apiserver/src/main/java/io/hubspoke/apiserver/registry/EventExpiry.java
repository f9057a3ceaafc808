package io.hubspoke.apiserver.registry;

import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.Store.ClosedException;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes Events that nobody has written for a while ({@code --event-ttl}): without an end they
 * would fill the store. As with etcd's leases, each write begins the time anew, and no admission is
 * asked.
 */
public final class EventExpiry {
  private static final Logger LOG = LoggerFactory.getLogger(EventExpiry.class);
  private static final String PREFIX = StorageKeys.prefix(ResourceTable.EVENTS.type(), "");

  /** Sweeps are this part of the time to live, within bounds. */
  private static final int SWEEPS = 20;

  private static final long SHORTEST_MILLIS = 20;
  private static final long LONGEST_MILLIS = 30_000;

  private static final long RETRY_MILLIS = 500;

  /** Most deletions at once, so that a flood of events ends in many small steps. */
  private static final int BATCH = 500;

  /** An event's last write and when it ends if there is no later one. */
  private record Lease(long revision, long endMillis) {}

  private final Vertx vertx;
  private final Store store;
  private final Duration ttl;
  private final InstantSource clock;
  // In the order of their ends: a write puts its event at the end. Guarded by itself.
  private final Map<String, Lease> leases = new LinkedHashMap<>();
  private volatile Store.Watch watch;
  private volatile long seen;
  private volatile boolean stopped;
  private long timer = -1;

  /**
   * Expires the events of a store.
   *
   * @param ttl how long an event is kept; zero for ever
   */
  public EventExpiry(Vertx vertx, Store store, Duration ttl) {
    this(vertx, store, ttl, InstantSource.system());
  }

  EventExpiry(Vertx vertx, Store store, Duration ttl, InstantSource clock) {
    this.vertx = vertx;
    this.store = store;
    this.ttl = ttl;
    this.clock = clock;
  }

  public Future<Void> start() {
    if (ttl.isZero()) {
      return Future.succeededFuture();
    }
    long interval = Math.clamp(ttl.toMillis() / SWEEPS, SHORTEST_MILLIS, LONGEST_MILLIS);
    timer = vertx.setPeriodic(interval, t -> sweep());
    return follow();
  }

  public Future<Void> stop() {
    stopped = true;
    vertx.cancelTimer(timer);
    Store.Watch running = watch;
    if (running != null) {
      running.close();
    }
    return Future.succeededFuture();
  }

  /** Returns the revision up to which events are known. */
  long seen() {
    return seen;
  }

  /** Deletes what is over, up to a batch. */
  void sweep() {
    take(clock.millis()).forEach(this::delete);
  }

  private Map<String, Lease> take(long now) {
    Map<String, Lease> over = new LinkedHashMap<>();
    synchronized (leases) {
      for (var lease : leases.entrySet()) {
        if (lease.getValue().endMillis > now || over.size() == BATCH) {
          break;
        }
        over.put(lease.getKey(), lease.getValue());
      }
      leases.keySet().removeAll(over.keySet());
    }
    return over;
  }

  private void delete(String key, Lease lease) {
    store
        .delete(key, lease.revision)
        .onFailure(
            e -> {
              // Written or deleted meanwhile: the watch tells.
              if (!(e instanceof ConflictException) && !stopped) {
                LOG.warn("cannot expire {}, trying again later: {}", key, e.toString());
                synchronized (leases) {
                  leases.putIfAbsent(key, lease);
                }
              }
            });
  }

  private Future<Void> follow() {
    return store
        .list(PREFIX, "", 0, 0)
        .onSuccess(
            page -> {
              page.entries().forEach(this::known);
              seen = page.revision();
              watch = store.watch(PREFIX, page.revision(), new Writes());
              if (stopped) {
                watch.close();
              }
            })
        .mapEmpty();
  }

  /** Gives an event that was there before its whole time, if it is a new one here. */
  private void known(Store.Entry entry) {
    synchronized (leases) {
      Lease lease = leases.get(entry.key());
      if (lease == null || lease.revision < entry.revision()) {
        written(entry);
      }
    }
  }

  private void written(Store.Entry entry) {
    synchronized (leases) {
      leases.remove(entry.key());
      leases.put(entry.key(), new Lease(entry.revision(), clock.millis() + ttl.toMillis()));
    }
  }

  private final class Writes implements Store.Listener {
    @Override
    public void event(Store.Event event) {
      switch (event.type()) {
        case CREATED, UPDATED -> written(event.entry());
        case DELETED -> {
          synchronized (leases) {
            leases.remove(event.entry().key());
          }
        }
      }
    }

    @Override
    public void progress(long revision) {
      seen = revision;
    }

    @Override
    public void ended(Throwable cause) {
      if (stopped || cause instanceof ClosedException) {
        return;
      }
      restart();
    }

    private void restart() {
      follow()
          .onFailure(
              e -> {
                if (!stopped && !(e instanceof ClosedException)) {
                  LOG.error("events do not expire, trying again: {}", e.toString());
                  vertx.setTimer(RETRY_MILLIS, t -> restart());
                }
              });
    }
  }
}
