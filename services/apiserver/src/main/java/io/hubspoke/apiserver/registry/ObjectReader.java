package io.hubspoke.apiserver.registry;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.store.PersistentMap;
import io.hubspoke.apiserver.store.Store;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/** Gets, lists and watches objects. */
final class ObjectReader {
  /** As long as the real watch cache waits for a revision to arrive. */
  private static final long FRESHNESS_MILLIS = 3_000;

  private final Vertx vertx;
  private final Store store;
  private final Cacher cacher;

  ObjectReader(Vertx vertx, Store store, Cacher cacher) {
    this.vertx = vertx;
    this.store = store;
    this.cacher = cacher;
  }

  Future<StoredObject> get(Target target, String resourceVersion) {
    WatchCache cache = cacher.cache(target.type());
    Future<StoredObject> found;
    if (resourceVersion.isEmpty()) {
      found =
          store
              .get(target.key())
              .map(e -> e == null ? null : cache.object(e.key(), e.value(), e.revision()));
    } else {
      found = fresh(ReadOptions.revision(resourceVersion)).map(v -> cache.get(target.key()));
    }
    return found.map(
        object -> {
          if (object == null) {
            throw Status.notFound(target.type(), target.name()).toException();
          }
          return object;
        });
  }

  Future<ObjectList> list(Selection selection, ReadOptions options) {
    if (!options.continueToken().isEmpty()) {
      return nextPage(selection, options);
    }
    long revision = ReadOptions.revision(options.resourceVersion());
    boolean exact =
        switch (options.match()) {
          case EXACT -> true;
          case NOT_OLDER_THAN -> false;
          // Without a match a limit makes a version exact, for the sake of old clients.
          case UNSET, UNKNOWN -> revision > 0 && options.limit() > 0;
        };
    if (exact) {
      return listAt(selection, "", options.limit(), revision)
          .recover(e -> Future.failedFuture(expired(e, Long.toString(revision))));
    }
    Future<Void> ready =
        options.resourceVersion().isEmpty()
            ? store.currentRevision().compose(cacher::reached)
            : fresh(revision);
    return ready.map(v -> listNewest(selection, "", options.limit()));
  }

  Future<Watcher> watch(
      Selection selection, String resourceVersion, boolean initialEvents, Runnable wakeup) {
    WatchCache cache = cacher.cache(selection.type());
    long revision = ReadOptions.revision(resourceVersion);
    boolean existing = revision == 0 || initialEvents;
    var start =
        existing
            ? new WatchCache.Start.Existing(initialEvents)
            : new WatchCache.Start.After(revision);
    if (existing) {
      Future<Void> ready =
          resourceVersion.isEmpty()
              ? store.currentRevision().compose(cacher::reached)
              : initialEvents ? fresh(revision) : Future.succeededFuture();
      return ready.map(v -> cache.watch(selection, start, wakeup));
    }
    // A revision that doesn't come is of another store: its client must list this one.
    return fresh(revision)
        .map(v -> cache.watch(selection, start, wakeup))
        .recover(
            e ->
                isTooLarge(e)
                    ? Future.succeededFuture(cache.expired(selection, revision, wakeup))
                    : Future.failedFuture(e));
  }

  private Future<ObjectList> nextPage(Selection selection, ReadOptions options) {
    var token = ContinueToken.decode(options.continueToken(), selection.prefix());
    if (token.revision() == ContinueToken.NEWEST) {
      return store
          .currentRevision()
          .compose(cacher::reached)
          .map(v -> listNewest(selection, token.after(), options.limit()));
    }
    return listAt(selection, token.after(), options.limit(), token.revision())
        .recover(
            e ->
                Future.failedFuture(
                    e instanceof Store.CompactedException
                        ? new ExpiredContinueException(
                            new ContinueToken(ContinueToken.NEWEST, token.after())
                                .encode(selection.prefix()))
                        : e instanceof Store.FutureRevisionException
                            ? Status.badRequest("continue key is not valid: it is of the future")
                                .toException()
                            : e));
  }

  private ObjectList listNewest(Selection selection, String after, int limit) {
    var snapshot = cacher.cache(selection.type()).snapshot();
    String prefix = selection.prefix();
    String from = after.isEmpty() ? prefix : PersistentMap.next(prefix + after);
    String end = PersistentMap.endOf(prefix);
    return page(
        selection,
        snapshot.objects().range(from, end).iterator(),
        snapshot.objects().count(from, end),
        limit,
        snapshot.revision());
  }

  private Future<ObjectList> listAt(Selection selection, String after, int limit, long revision) {
    String prefix = selection.prefix();
    int most = selection.everything() ? limit : 0;
    return store
        .list(prefix, after.isEmpty() ? "" : prefix + after, most, revision)
        .map(
            page ->
                page(
                    selection,
                    page.entries().stream().map(known(selection)).iterator(),
                    page.entries().size() + page.remaining(),
                    limit,
                    page.revision()));
  }

  /** Reuses the cached object for an entry that is still the newest. */
  private Function<Store.Entry, StoredObject> known(Selection selection) {
    WatchCache cache = cacher.cache(selection.type());
    return entry -> {
      StoredObject newest = cache.get(entry.key());
      return newest != null && newest.revision() == entry.revision()
          ? newest
          : cache.object(entry.key(), entry.value(), entry.revision());
    };
  }

  private static ObjectList page(
      Selection selection, Iterator<StoredObject> objects, long total, int limit, long revision) {
    List<StoredObject> items = new ArrayList<>();
    boolean more = false;
    for (long examined = 1; objects.hasNext() && !more; examined++) {
      StoredObject object = objects.next();
      if (selection.selects(object)) {
        items.add(object);
        more = items.size() == limit && total > examined;
      }
    }
    String token = "";
    if (more) {
      String last = items.getLast().key().substring(selection.prefix().length());
      token = new ContinueToken(revision, last).encode(selection.prefix());
    }
    // Nobody counts what selectors would select.
    long remaining = more && selection.everything() ? total - items.size() : -1;
    return new ObjectList(selection.type(), items, revision, token, remaining);
  }

  /** Waits until the caches are not older than a revision. */
  private Future<Void> fresh(long revision) {
    Future<Void> reached = cacher.reached(revision);
    if (reached.isComplete()) {
      return reached;
    }
    Promise<Void> fresh = Promise.promise();
    long timer =
        vertx.setTimer(
            FRESHNESS_MILLIS,
            id -> {
              cacher.forget(reached);
              fresh.tryFail(tooLarge(revision).toException());
            });
    reached.onComplete(
        result -> {
          vertx.cancelTimer(timer);
          if (result.succeeded()) {
            fresh.tryComplete();
          } else {
            fresh.tryFail(result.cause());
          }
        });
    return fresh.future();
  }

  private Throwable expired(Throwable e, String asked) {
    return switch (e) {
      case Store.CompactedException c ->
          Status.expired("The resourceVersion for the provided list is too old.").toException();
      case Store.FutureRevisionException f -> tooLarge(Long.parseLong(asked)).toException();
      default -> e;
    };
  }

  private static boolean isTooLarge(Throwable e) {
    return e instanceof ApiException refusal && refusal.code() == 504;
  }

  private Status tooLarge(long revision) {
    return new Status(
        504,
        "Timeout",
        "Too large resource version: " + revision + ", current: " + cacher.revision(),
        new Status.Details(
            "",
            "",
            "",
            "",
            List.of(new Cause("ResourceVersionTooLarge", "Too large resource version", "")),
            1));
  }
}
