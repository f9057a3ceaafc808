package io.hubspoke.controllermanager.workloads;

import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Remembers what a controller asked for and its informer has not shown yet: until then a count of
 * what is there would be wrong. Owners are named by their UIDs. Thread-safe.
 */
public final class Expectations {
  /** After this time an informer that shows nothing is believed, as the real controllers do. */
  static final Duration TIMEOUT = Duration.ofMinutes(5);

  private static final class Expected {
    int creations;
    final Set<String> deletions = new HashSet<>();
    long since;
  }

  private final LongSupplier nanoTime;
  private final Map<String, Expected> byOwner = new HashMap<>();

  public Expectations() {
    this(System::nanoTime);
  }

  Expectations(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Expects so much of an owner from now on, and nothing of what was expected before; to be called
   * before the requests are sent.
   *
   * @param deletions UIDs
   */
  public synchronized void expect(String owner, int creations, Collection<String> deletions) {
    var expected = new Expected();
    expected.creations = creations;
    expected.deletions.addAll(deletions);
    expected.since = nanoTime.getAsLong();
    byOwner.put(owner, expected);
  }

  /** One that was to be created was seen, or will never be. */
  public synchronized void created(String owner) {
    var expected = byOwner.get(owner);
    if (expected != null && expected.creations > 0) {
      expected.creations--;
    }
  }

  /** One that was to be deleted was seen to go, or is not to be deleted after all. */
  public synchronized void deleted(String owner, String uid) {
    var expected = byOwner.get(owner);
    if (expected != null) {
      expected.deletions.remove(uid);
    }
  }

  /** Returns whether the informer shows everything that was asked for, or has had its time. */
  public synchronized boolean satisfied(String owner) {
    return left(owner).isZero();
  }

  /** Returns for how long the informer is still waited for; zero when it is not. */
  public synchronized Duration left(String owner) {
    var expected = byOwner.get(owner);
    if (expected == null || (expected.creations == 0 && expected.deletions.isEmpty())) {
      return Duration.ZERO;
    }
    var left = TIMEOUT.minusNanos(nanoTime.getAsLong() - expected.since);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Returns whether this one is still to be seen going. */
  synchronized boolean expectsDeletion(String owner, String uid) {
    var expected = byOwner.get(owner);
    return expected != null && expected.deletions.contains(uid);
  }

  /** Adds to what is expected to go. */
  synchronized void expectDeletion(String owner, String uid) {
    var expected = byOwner.computeIfAbsent(owner, o -> new Expected());
    expected.deletions.add(uid);
    expected.since = nanoTime.getAsLong();
  }

  /** Returns a handler for the informer of owners that forgets those that are gone. */
  public <T> Informer.Handler<T> forgetting() {
    return new Informer.Handler<>() {
      @Override
      public void added(Item<T> item) {
        // What is expected of it was said when it was asked for.
      }

      @Override
      public void updated(Item<T> before, Item<T> now) {
        // As above.
      }

      @Override
      public void deleted(Item<T> last) {
        forget(last.uid());
      }
    };
  }

  /** Forgets an owner that is gone. */
  public synchronized void forget(String owner) {
    byOwner.remove(owner);
  }
}
