package io.hubspoke.client.delegation;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Remembers the apiserver's decisions, so many at most, and asks for each only once at a time.
 * Failures are not remembered.
 */
final class ReviewCache<K, V> {
  private static final int MOST = 1024;

  private static final class Entry<V> {
    final Promise<V> answer = Promise.promise();
    boolean answered;
    long until;
  }

  private final Function<V, Duration> life;
  private final Map<K, Entry<V>> entries =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<K, ReviewCache.Entry<V>> eldest) {
          return size() > MOST;
        }
      };

  /**
   * Makes an empty cache.
   *
   * @param life how long an answer holds; zero for this once
   */
  ReviewCache(Function<V, Duration> life) {
    this.life = life;
  }

  /** Returns what is known, or asks. */
  Future<V> get(K key, Supplier<Future<V>> ask) {
    Entry<V> entry;
    synchronized (entries) {
      Entry<V> known = entries.get(key);
      if (known != null && (!known.answered || known.until - System.nanoTime() > 0)) {
        return known.answer.future();
      }
      entry = new Entry<>();
      entries.remove(key);
      entries.put(key, entry);
    }
    ask.get()
        .onComplete(
            result -> {
              synchronized (entries) {
                entry.answered = true;
                if (result.failed()) {
                  entries.remove(key, entry);
                } else {
                  entry.until = System.nanoTime() + life.apply(result.result()).toNanos();
                }
              }
              entry.answer.handle(result);
            });
    return entry.answer.future();
  }
}
