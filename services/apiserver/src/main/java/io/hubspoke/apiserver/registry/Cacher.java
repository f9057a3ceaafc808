package io.hubspoke.apiserver.registry;

import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.store.PersistentMap;
import io.hubspoke.apiserver.store.Store;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the watch caches of all resources current by one watch of the store. */
final class Cacher implements Store.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(Cacher.class);

  private static final long RETRY_MILLIS = 500;

  private final Store store;
  private final Map<String, WatchCache> byType = new HashMap<>();
  // More than one where a kind is served in several versions.
  private final Map<String, List<WatchCache>> byPrefix = new HashMap<>();
  private final PriorityQueue<Waiter> waiters = new PriorityQueue<>();
  private volatile long revision;
  private volatile Store.Watch watch;
  private volatile boolean stopped;

  private record Waiter(long revision, Promise<Void> reached) implements Comparable<Waiter> {
    @Override
    public int compareTo(Waiter other) {
      return Long.compare(revision, other.revision);
    }
  }

  Cacher(Store store, List<Resource> resources) {
    this.store = store;
    for (Resource resource : resources) {
      WatchCache cache = new WatchCache(resource, () -> revision);
      byType.put(key(resource.type()), cache);
      byPrefix
          .computeIfAbsent(StorageKeys.prefix(resource.type(), ""), p -> new ArrayList<>())
          .add(cache);
    }
  }

  /** Loads what the store holds and follows it. */
  Future<Void> start() {
    return store
        .list(StorageKeys.ROOT, "", 0, 0)
        .map(
            page -> {
              load(page);
              watch = store.watch(StorageKeys.ROOT, page.revision(), this);
              return null;
            });
  }

  void stop() {
    stopped = true;
    Store.Watch running = watch;
    if (running != null) {
      running.close();
    }
    byType.values().forEach(cache -> cache.endWatches(null));
    failWaiters();
  }

  WatchCache cache(ResourceType type) {
    return byType.get(key(type));
  }

  private static String key(ResourceType type) {
    return type.version() + "/" + type.qualifiedName();
  }

  /** Returns the revision up to which the caches hold every change. */
  long revision() {
    return revision;
  }

  /** Completes when the caches hold every change up to a revision. */
  Future<Void> reached(long wanted) {
    if (revision >= wanted) {
      return Future.succeededFuture();
    }
    Promise<Void> reached = Promise.promise();
    synchronized (waiters) {
      if (revision >= wanted) {
        return Future.succeededFuture();
      }
      waiters.add(new Waiter(wanted, reached));
    }
    if (stopped) {
      failWaiters();
    }
    return reached.future();
  }

  /** Forgets a wait that nobody is interested in any more. */
  void forget(Future<Void> reached) {
    synchronized (waiters) {
      waiters.removeIf(waiter -> waiter.reached.future() == reached);
    }
  }

  @Override
  public void event(Store.Event event) {
    for (WatchCache cache : caches(event.entry())) {
      apply(cache, event);
    }
  }

  private List<WatchCache> caches(Store.Entry entry) {
    return byPrefix.getOrDefault(StorageKeys.typePrefix(entry.key()), List.of());
  }

  private static void apply(WatchCache cache, Store.Event event) {
    Store.Entry entry = event.entry();
    StoredObject before = cache.get(entry.key());
    StoredObject after =
        event.type() == Store.Event.Type.DELETED
            ? null
            : cache.object(entry.key(), entry.value(), entry.revision());
    cache.apply(new Change(entry.revision(), before, after));
  }

  @Override
  public void progress(long upTo) {
    List<Promise<Void>> done = new ArrayList<>();
    synchronized (waiters) {
      revision = upTo;
      while (!waiters.isEmpty() && waiters.peek().revision <= upTo) {
        done.add(waiters.remove().reached);
      }
    }
    done.forEach(Promise::complete);
  }

  @Override
  public void ended(Throwable cause) {
    if (stopped || cause instanceof Store.ClosedException) {
      stop();
      return;
    }
    LOG.warn("the watch of the store ended, reading it anew: {}", cause.getMessage());
    restart();
  }

  /** A replicated store may refuse for a while, and be there again. */
  private void restart() {
    start()
        .onFailure(
            e -> {
              if (stopped || e instanceof Store.ClosedException) {
                stop();
                return;
              }
              LOG.error("the store can't be read, trying again: {}", e.getMessage());
              CompletableFuture.delayedExecutor(RETRY_MILLIS, TimeUnit.MILLISECONDS)
                  .execute(this::restart);
            });
  }

  private void load(Store.Page page) {
    Map<WatchCache, PersistentMap<StoredObject>> contents = new HashMap<>();
    byType.values().forEach(cache -> contents.put(cache, PersistentMap.empty()));
    for (Store.Entry entry : page.entries()) {
      for (WatchCache cache : caches(entry)) {
        contents.computeIfPresent(
            cache,
            (c, map) ->
                map.with(entry.key(), c.object(entry.key(), entry.value(), entry.revision())));
      }
    }
    contents.forEach((cache, map) -> cache.load(map, page.revision()));
    progress(page.revision());
  }

  private void failWaiters() {
    List<Waiter> all;
    synchronized (waiters) {
      all = List.copyOf(waiters);
      waiters.clear();
    }
    all.forEach(
        w ->
            w.reached.tryFail(
                Status.serviceUnavailable("apiserver is shutting down").toException()));
  }
}
