package io.hubspoke.client;

import io.hubspoke.api.ApiException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one thing at a time in line with what is wanted, on virtual threads.
 *
 * <p>A key that is added while it waits is worked on once; added while it is worked on, once more
 * afterwards; never by two workers at once. A failed key comes again after a growing time, so
 * nothing is lost to a conflict or to an apiserver that is away. All methods are thread-safe.
 */
public final class ControlLoop<K> {
  private static final Logger LOG = LoggerFactory.getLogger(ControlLoop.class);
  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  /** Does the work for one key. */
  public interface Reconciler<K> {
    /**
     * Looks at the present state and changes what differs; may wait with {@link Future#await}.
     *
     * @return how soon to look again though nothing may have happened; zero for not at all
     */
    Duration reconcile(K key) throws Exception;
  }

  private record Timer(long id, long due) {}

  private final String name;
  private final Context context;
  private final int workers;
  private final Reconciler<K> reconciler;

  private final Set<K> waiting = new LinkedHashSet<>();
  private final Set<K> running = new HashSet<>();
  private final Set<K> again = new HashSet<>();
  private final Map<K, Backoff> failing = new HashMap<>();
  private final Map<K, Timer> timers = new HashMap<>();
  private final Map<K, Long> since = new HashMap<>();
  private final Promise<Void> idle = Promise.promise();
  private final WorkQueues.Queue measured;
  private int active;
  private boolean stopped;

  /**
   * Makes a loop that works as soon as a key is added.
   *
   * @param context of a verticle on virtual threads
   * @param workers how many keys are worked on at a time
   */
  public ControlLoop(String name, Context context, int workers, Reconciler<K> reconciler) {
    if (context.threadingModel() != ThreadingModel.VIRTUAL_THREAD) {
      throw new IllegalArgumentException("a control loop waits, so it needs virtual threads");
    }
    this.name = name;
    this.context = context;
    this.workers = workers;
    this.reconciler = reconciler;
    this.measured = WorkQueues.of(context, name, this::depth);
  }

  /** Asks for a key to be worked on. */
  public void add(K key) {
    synchronized (this) {
      if (stopped) {
        return;
      }
      if (running.contains(key)) {
        if (again.add(key)) {
          measured.added();
        }
        return;
      }
      if (!enqueue(key)) {
        return;
      }
      measured.added();
      if (active == workers) {
        return;
      }
      active++;
    }
    context.runOnContext(v -> work());
  }

  private boolean enqueue(K key) {
    since.putIfAbsent(key, System.nanoTime());
    return waiting.add(key);
  }

  private synchronized int depth() {
    return waiting.size();
  }

  /** Asks for a key to be worked on later, unless it is worked on sooner anyway. */
  public synchronized void addAfter(K key, Duration delay) {
    if (stopped) {
      return;
    }
    long due = System.nanoTime() + delay.toNanos();
    Timer before = timers.get(key);
    if (before != null && before.due - due <= 0) {
      return;
    }
    cancelTimer(key);
    long id =
        context
            .owner()
            .setTimer(
                Math.max(1, delay.toMillis()),
                fired -> {
                  synchronized (this) {
                    if (timers.containsKey(key) && timers.get(key).id == fired) {
                      timers.remove(key);
                    }
                  }
                  add(key);
                });
    timers.put(key, new Timer(id, due));
  }

  private void cancelTimer(K key) {
    Timer timer = timers.remove(key);
    if (timer != null) {
      context.owner().cancelTimer(timer.id);
    }
  }

  /** Returns a handler that asks for work whenever an object of an informer changes. */
  public <T> Informer.Handler<T> onChange(Function<Item<T>, K> key) {
    return new Informer.Handler<>() {
      @Override
      public void added(Item<T> item) {
        add(key.apply(item));
      }

      @Override
      public void updated(Item<T> before, Item<T> now) {
        add(key.apply(now));
      }

      @Override
      public void deleted(Item<T> last) {
        add(key.apply(last));
      }
    };
  }

  /** Begins nothing new; completes when what was begun has ended. */
  public synchronized Future<Void> stop() {
    stopped = true;
    waiting.clear();
    since.clear();
    again.clear();
    List.copyOf(timers.keySet()).forEach(this::cancelTimer);
    if (active == 0) {
      idle.tryComplete();
    }
    return idle.future();
  }

  private void work() {
    for (K key = take(); key != null; key = take()) {
      Duration next;
      long begun = System.nanoTime();
      try {
        next = Objects.requireNonNull(reconciler.reconcile(key), "when to look again");
        succeeded(key);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        next = failed(key, e);
      } catch (Throwable e) {
        // Also an Error: it must cost neither the key nor one of the workers.
        next = failed(key, e);
      }
      measured.done(begun);
      done(key);
      if (!next.isZero()) {
        addAfter(key, next);
      }
    }
  }

  private synchronized K take() {
    var keys = waiting.iterator();
    if (!keys.hasNext()) {
      active--;
      if (stopped && active == 0) {
        idle.tryComplete();
      }
      return null;
    }
    K key = keys.next();
    keys.remove();
    Long waited = since.remove(key);
    measured.taken(waited == null ? System.nanoTime() : waited);
    running.add(key);
    cancelTimer(key);
    return key;
  }

  private synchronized void done(K key) {
    running.remove(key);
    if (again.remove(key) && !stopped) {
      enqueue(key);
    }
  }

  private synchronized void succeeded(K key) {
    failing.remove(key);
  }

  private synchronized Duration failed(K key, Throwable failure) {
    if (stopped) {
      return Duration.ZERO;
    }
    measured.retried();
    Duration wait =
        failing.computeIfAbsent(key, k -> new Backoff(FIRST_RETRY, LONGEST_RETRY)).next();
    if (failure instanceof ApiException refused && refused.code() == 409) {
      // Somebody else wrote first; the informer brings what they wrote.
      LOG.debug("{}: {}: {}; again in {} ms", name, key, failure.getMessage(), wait.toMillis());
    } else if (failure instanceof Error
        || (failure instanceof RuntimeException && !(failure instanceof ApiException))) {
      LOG.error("{}: {}: again in {} ms", name, key, wait.toMillis(), failure);
    } else {
      LOG.warn("{}: {}: {}; again in {} ms", name, key, failure.getMessage(), wait.toMillis());
    }
    return wait;
  }
}
