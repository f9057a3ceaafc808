package io.hubspoke.apiserver.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.store.Store.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** A listener that keeps what it hears and lets a test wait for it. */
public final class Recorder implements Store.Listener {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Event> events = new ArrayList<>();
  private long progress;
  private Throwable cause;
  private int ends;

  @Override
  public void event(Event event) {
    change(() -> events.add(event));
  }

  @Override
  public void progress(long revision) {
    change(
        () -> {
          assertThat(revision).isGreaterThanOrEqualTo(progress);
          progress = revision;
        });
  }

  @Override
  public void ended(Throwable why) {
    change(
        () -> {
          cause = why;
          ends++;
        });
  }

  public List<Event> awaitEvents(int count) {
    await(() -> events.size() >= count, count + " events");
    return events();
  }

  public void awaitProgress(long revision) {
    await(() -> progress >= revision, "progress to " + revision);
  }

  public Throwable awaitEnd() {
    await(() -> cause != null, "the end");
    assertThat(ends).isEqualTo(1);
    return cause;
  }

  public List<Event> events() {
    lock.lock();
    try {
      return List.copyOf(events);
    } finally {
      lock.unlock();
    }
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void await(BooleanSupplier condition, String what) {
    lock.lock();
    try {
      long nanos = Duration.ofSeconds(20).toNanos();
      while (!condition.getAsBoolean()) {
        nanos = changed.awaitNanos(nanos);
        assertThat(nanos)
            .as("waiting for %s; have %d events, progress %d", what, events.size(), progress)
            .isPositive();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a future that may complete on any thread. */
  public static <T> T await(io.vertx.core.Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }
}
