package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.client.Watch;
import io.hubspoke.client.WatchEvent;
import io.hubspoke.kubelet.volumes.PodObjects.UnavailableException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;

/**
 * Current copies of the objects of one resource that pods of this node use, such as secrets. Each
 * is watched by itself, since that is all that a node may do ("Using Node Authorization"), as long
 * as a pod uses it and it can change.
 */
final class WatchedObjects<T extends HasMetadata> {
  /** Watches at a time: the apiserver lets a connection have a hundred requests under way. */
  private static final int MOST_WATCHES = 16;

  /** How often an object is read that gets no watch. */
  private static final Duration POLL = Duration.ofSeconds(60);

  private static final Duration FIRST_RETRY = Duration.ofMillis(500);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  private final ApiClient client;
  private final Resource<T> resource;
  private final Predicate<T> immutable;
  private final Context context;
  private final Semaphore watches = new Semaphore(MOST_WATCHES);
  private final Map<Item.Key, Watched> objects = new HashMap<>();
  private final Set<Watched> following = new HashSet<>();

  /**
   * Watches nothing yet.
   *
   * @param immutable tells of objects that never change
   * @param context of virtual threads
   */
  WatchedObjects(ApiClient client, Resource<T> resource, Predicate<T> immutable, Context context) {
    this.client = client;
    this.resource = resource;
    this.immutable = immutable;
    this.context = context;
  }

  /**
   * Returns an object, empty when there is none. Waits when it is the first to ask for it.
   *
   * @param user who uses it, until {@link #release}
   * @param changed called when the object becomes another one or goes
   */
  Optional<T> get(Item.Key key, String user, Runnable changed) throws UnavailableException {
    Watched watched;
    boolean fresh;
    synchronized (this) {
      fresh = !objects.containsKey(key);
      watched = objects.computeIfAbsent(key, Watched::new);
      following.add(watched);
      watched.users.put(user, changed);
    }
    if (fresh) {
      watched.begin();
    }
    try {
      watched.known.future().await();
    } catch (Exception e) {
      throw new UnavailableException(e.getMessage());
    }
    return Optional.ofNullable(watched.object);
  }

  /** Forgets a user, and the objects that nobody else uses. */
  void release(String user) {
    List<Watched> unused = new ArrayList<>();
    synchronized (this) {
      objects
          .values()
          .removeIf(
              watched -> {
                boolean last = watched.users.remove(user) != null && watched.users.isEmpty();
                if (last) {
                  unused.add(watched);
                }
                return last;
              });
    }
    unused.forEach(Watched::end);
  }

  /** Ends all watches; completes when nothing waits for them any more. */
  Future<Void> stop() {
    List<Watched> all;
    synchronized (this) {
      all = List.copyOf(following);
      objects.clear();
    }
    all.forEach(Watched::end);
    return Future.join(all.stream().map(watched -> watched.done.future()).toList()).mapEmpty();
  }

  /** One object and who uses it. */
  private final class Watched {
    final Item.Key key;
    final Map<String, Runnable> users = new HashMap<>();
    final Promise<Void> known = Promise.promise();
    final Promise<Void> done = Promise.promise();
    final Lifetime lifetime = new Lifetime(context.owner());
    volatile T object;

    Watched(Item.Key key) {
      this.key = key;
    }

    void begin() {
      context.runOnContext(
          v -> {
            try {
              follow();
            } finally {
              synchronized (WatchedObjects.this) {
                following.remove(this);
              }
              done.complete();
            }
          });
    }

    void end() {
      lifetime.end();
      known.tryFail("the kubelet stops");
    }

    /** Reads the object for the first time; then watches it, or reads it now and then. */
    private void follow() {
      try {
        object = read();
        known.complete();
      } catch (Exception e) {
        // Asked for again, it is read again: the node may not be known to use it yet.
        synchronized (WatchedObjects.this) {
          objects.remove(key, this);
        }
        known.tryFail(e);
        return;
      }
      Backoff backoff = new Backoff(FIRST_RETRY, LONGEST_RETRY);
      while (!lifetime.ended() && (object == null || !immutable.test(object))) {
        try {
          if (watches.tryAcquire()) {
            try {
              watch();
            } finally {
              watches.release();
            }
          } else {
            lifetime.sleep(POLL);
          }
          if (!lifetime.ended()) {
            lifetime.sleep(backoff.next());
            set(read());
            backoff.reset();
          }
        } catch (Exception e) {
          // What is known stays; the server will be back.
          lifetime.sleep(backoff.next());
        }
      }
    }

    private T read() throws Exception {
      try {
        Future<T> answer = client.get(resource, key.namespace(), key.name());
        Future.any(answer.otherwiseEmpty(), lifetime.over()).await();
        if (!answer.isComplete()) {
          throw new IOException("the kubelet stops");
        }
        return answer.await();
      } catch (ApiException e) {
        if (e.code() == 404) {
          return null;
        }
        throw e;
      }
    }

    private void watch() throws Exception {
      ListOptions only =
          ListOptions.inNamespace(key.namespace()).withFieldSelector("metadata.name=" + key.name());
      // From no revision: what happened since the object was read is told first.
      Future<Watch<T>> opening =
          client.watch(
              resource,
              only,
              "",
              events -> {
                events.forEach(this::see);
                return Future.succeededFuture();
              });
      Future.any(opening.otherwiseEmpty(), lifetime.over()).await();
      if (!opening.isComplete()) {
        // Whenever it opens: at the end nobody waits for it.
        opening.onSuccess(Watch::close);
        return;
      }
      Watch<T> open = opening.await();
      Future.any(open.ended(), lifetime.over()).otherwiseEmpty().await();
      open.close();
    }

    private void see(WatchEvent<T> event) {
      switch (event) {
        case WatchEvent.Added<T>(var item) -> see(item);
        case WatchEvent.Modified<T>(var item) -> see(item);
        case WatchEvent.Deleted<T>(var item) -> {
          if (item.key().equals(key)) {
            set(null);
          }
        }
        case WatchEvent.Bookmark<T> bookmark -> {}
        case WatchEvent.Unreadable<T> unreadable -> {}
        case WatchEvent.Failed<T> failed -> {}
      }
    }

    private void see(Item<T> item) {
      if (item.key().equals(key)) {
        set(item.object());
      }
    }

    private void set(T latest) {
      T before = object;
      if (version(before).equals(version(latest))) {
        return;
      }
      object = latest;
      List<Runnable> told;
      synchronized (WatchedObjects.this) {
        told = List.copyOf(users.values());
      }
      told.forEach(Runnable::run);
    }

    private String version(T state) {
      return state == null ? "" : String.valueOf(state.getMetadata().getResourceVersion());
    }
  }
}
