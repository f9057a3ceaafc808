package io.hubspoke.client;

import io.hubspoke.api.ApiException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a copy of a collection current by list and watch, and tells handlers what changes.
 *
 * <p>Resumes a broken watch after the last revision seen, lists again when that revision is gone
 * (410), and waits with back-off, which its client's informers share, while the server can't be
 * reached. Handlers are called in order on the context given; they must not wait, since the next
 * batch is read only after them.
 *
 * <p>An object that can't be read as the type wanted counts as absent, also one that was known in a
 * readable state before: to go on working with a state that is no longer true would be worse than
 * to do nothing. It is told once in the log, and keeps back no other object.
 */
public final class Informer<T> {
  private static final Logger LOG = LoggerFactory.getLogger(Informer.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(200);

  /** Short enough to know soon after an outage of minutes what happened meanwhile. */
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);

  /**
   * A watch that brought nothing in this time shows that the server is ill (client-go's measure).
   */
  private static final Duration VERY_SHORT = Duration.ofSeconds(1);

  /** A watch that lived this long ends together with those of others. */
  static final Duration STEADY = Duration.ofSeconds(5);

  /** Told what changes, beginning with an {@code added} for each object of the first list. */
  public interface Handler<T> {
    void added(Item<T> item);

    void updated(Item<T> before, Item<T> now);

    /** Gets the last state known. */
    void deleted(Item<T> last);
  }

  /** Told of each request that an informer makes, on its context. */
  public interface RequestObserver {
    /**
     * A list was answered or failed.
     *
     * @param failure null when it was answered
     */
    void listed(Duration took, Throwable failure);

    /**
     * A watch was opened, or could not be.
     *
     * @param failure null when it was opened
     */
    void watched(Throwable failure);
  }

  private static final RequestObserver NOBODY =
      new RequestObserver() {
        @Override
        public void listed(Duration took, Throwable failure) {}

        @Override
        public void watched(Throwable failure) {}
      };

  private final ApiClient client;
  private final Resource<T> resource;
  private final ListOptions options;
  private final ContextInternal context;
  private final Map<Item.Key, Item<T>> store = new ConcurrentHashMap<>();
  private final List<Handler<T>> handlers = new CopyOnWriteArrayList<>();
  private final Promise<Void> synced = Promise.promise();
  private final Backoff backoff = new Backoff(FIRST_RETRY, LONGEST_RETRY);
  private final Set<Item.Key> unreadable = new HashSet<>();

  // Written and read on the context only, but for stopped and watch, which stop() touches.
  private RequestObserver observer = NOBODY;
  private String resourceVersion = "";
  private long retrying = -1;
  private boolean brought;
  private volatile boolean stopped;
  private volatile Watch<T> watch;

  /** Makes an informer whose handlers are called on the caller's context. */
  public Informer(ApiClient client, Resource<T> resource, ListOptions options, Context context) {
    this.client = client;
    this.resource = resource;
    this.options = options;
    this.context = (ContextInternal) context;
  }

  /** Adds a handler; before {@link #start}, so that it misses nothing. */
  public Informer<T> addHandler(Handler<T> handler) {
    handlers.add(handler);
    return this;
  }

  /** Has somebody told of its requests; before {@link #start}. */
  public Informer<T> observedBy(RequestObserver told) {
    observer = told;
    return this;
  }

  /** Starts, and completes once handlers were told of the first list. */
  public Future<Void> start() {
    context.runOnContext(v -> list());
    return synced.future();
  }

  /** Stops; handlers are not called any more once the future completes. */
  public Future<Void> stop() {
    stopped = true;
    Watch<T> open = watch;
    if (open != null) {
      open.close();
    }
    synced.tryFail("stopped");
    Promise<Void> promise = context.promise();
    context.runOnContext(
        v -> {
          context.owner().cancelTimer(retrying);
          promise.complete();
        });
    return promise.future();
  }

  /** Tells whether changes come in now; without, the copy may be old. */
  public boolean isWatching() {
    return watch != null;
  }

  /** Completes once the copy was complete for the first time. */
  public Future<Void> hasSynced() {
    return synced.future();
  }

  /** Returns the object, or null. */
  public T get(String namespace, String name) {
    Item<T> item = store.get(new Item.Key(namespace == null ? "" : namespace, name));
    return item == null ? null : item.object();
  }

  /** Returns the objects known now, in no order. */
  public Collection<Item<T>> items() {
    return List.copyOf(store.values());
  }

  private void list() {
    if (stopped) {
      return;
    }
    long asked = System.nanoTime();
    onContext(client.list(resource, options))
        .onComplete(
            answer -> observer.listed(Duration.ofNanos(System.nanoTime() - asked), answer.cause()))
        .map(
            list -> {
              replace(list);
              resourceVersion = list.resourceVersion();
              return list;
            })
        .onComplete(
            done -> {
              if (done.failed()) {
                retry(done.cause(), Duration.ZERO, this::list);
              } else {
                synced.tryComplete();
                watch();
              }
            });
  }

  private void watch() {
    if (stopped) {
      return;
    }
    long opened = System.nanoTime();
    brought = false;
    onContext(client.watch(resource, options, resourceVersion, this::batch))
        .onComplete(answer -> observer.watched(answer.cause()))
        .compose(
            open -> {
              watch = open;
              if (stopped) {
                open.close();
              }
              return onContext(open.ended());
            })
        .onComplete(
            end -> {
              Watch<T> last = watch;
              watch = null;
              if (last != null && last.moved()) {
                watch();
                return;
              }
              Duration more = Duration.ZERO;
              long lived = last == null ? 0 : System.nanoTime() - opened;
              if (brought || lived > VERY_SHORT.toNanos()) {
                backoff.reset();
              }
              if (lived > STEADY.toNanos()) {
                // Whoever else watched lost it as well, should the server have gone.
                more = client.reconnectDelay();
              }
              if (end.failed() && gone(end.cause())) {
                resourceVersion = "";
                retry(end.cause(), more, this::list);
              } else {
                // A server ends watches now and then; only one that ends them at once is ill.
                retry(end.cause(), more, this::watch);
              }
            });
  }

  private static boolean gone(Throwable failure) {
    return failure instanceof ApiException refused && refused.code() == 410;
  }

  private void retry(Throwable failure, Duration more, Runnable attempt) {
    if (stopped) {
      return;
    }
    // Who waits for the server to be there again waits in the client, together with all others.
    Duration wait = client.isAway() ? Duration.ofMillis(1) : backoff.next().plus(more);
    if (failure != null) {
      LOG.debug(
          "{} of {}: {}; again in {} ms",
          resource.plural(),
          client.config().userAgent(),
          failure.getMessage(),
          wait.toMillis());
    }
    retrying = context.setTimer(wait.toMillis(), id -> attempt.run());
  }

  /** Applies a batch of the watch on the context; the watch reads on when it is done. */
  private Future<Void> batch(List<WatchEvent<T>> events) {
    Promise<Void> done = Promise.promise();
    context.runOnContext(
        v -> {
          brought |= events.stream().anyMatch(event -> !(event instanceof WatchEvent.Failed<T>));
          try {
            for (WatchEvent<T> event : events) {
              if (stopped) {
                break;
              }
              apply(event);
            }
            done.complete();
          } catch (ApiException e) {
            done.fail(e);
          } catch (Throwable e) {
            // The watch must hear of it whatever it is, or it waits for this batch for ever.
            LOG.error("a batch of {} failed", resource.plural(), e);
            done.fail(e);
          }
        });
    return done.future();
  }

  private void apply(WatchEvent<T> event) {
    switch (event) {
      case WatchEvent.Added<T>(var item) -> put(item);
      case WatchEvent.Modified<T>(var item) -> put(item);
      case WatchEvent.Deleted<T>(var item) -> {
        reached(item.resourceVersion());
        unreadable.remove(item.key());
        if (store.remove(item.key()) != null) {
          tell(h -> h.deleted(item));
        }
      }
      case WatchEvent.Unreadable<T>(var object) -> {
        reached(object.resourceVersion());
        warn(object);
        forget(object.key());
      }
      case WatchEvent.Bookmark<T>(var revision) -> reached(revision);
      case WatchEvent.Failed<T>(var status) -> throw status.toException();
    }
  }

  private void put(Item<T> item) {
    reached(item.resourceVersion());
    update(item);
  }

  /** Remembers where to resume; an object without a revision tells nothing. */
  private void reached(String revision) {
    if (!revision.isEmpty()) {
      resourceVersion = revision;
    }
  }

  private void forget(Item.Key key) {
    Item<T> known = store.remove(key);
    if (known != null) {
      tell(h -> h.deleted(known));
    }
  }

  private void warn(UnreadableObject object) {
    if (unreadable.add(object.key())) {
      LOG.warn(
          "{} {} is left out until it changes: {}",
          resource.plural(),
          object.key(),
          object.reason());
    }
  }

  private void update(Item<T> item) {
    unreadable.remove(item.key());
    Item<T> before = store.put(item.key(), item);
    if (before == null) {
      tell(h -> h.added(item));
    } else if (!before.uid().equals(item.uid())) {
      // Deleted and made anew while nobody was watching.
      tell(h -> h.deleted(before));
      tell(h -> h.added(item));
    } else if (!before.resourceVersion().equals(item.resourceVersion())) {
      tell(h -> h.updated(before, item));
    }
  }

  private void replace(ObjectList<T> list) {
    Set<Item.Key> present = new HashSet<>();
    list.items().forEach(item -> present.add(item.key()));
    for (Item<T> known : List.copyOf(store.values())) {
      if (!present.contains(known.key())) {
        forget(known.key());
      }
    }
    unreadable.retainAll(list.unreadable().stream().map(UnreadableObject::key).toList());
    list.unreadable().forEach(this::warn);
    list.items().forEach(this::update);
  }

  private void tell(java.util.function.Consumer<Handler<T>> news) {
    for (Handler<T> handler : handlers) {
      try {
        news.accept(handler);
      } catch (Throwable e) {
        // Also an Error: one handler's failure is none of the others' business.
        LOG.error("a handler of {} failed", resource.plural(), e);
      }
    }
  }

  private <R> Future<R> onContext(Future<R> future) {
    Promise<R> promise = context.promise();
    future.onComplete(promise);
    return promise.future();
  }

  /** Returns how long a watch asks to live: five to ten minutes, as client-go's do. */
  static long watchSeconds() {
    long least = TimeUnit.MINUTES.toSeconds(5);
    return least + ThreadLocalRandom.current().nextLong(least);
  }
}
