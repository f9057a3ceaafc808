package io.hubspoke.testing;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** Waits in tests, on conditions and futures, never for a fixed time. */
public final class Await {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration STEP = Duration.ofMillis(10);

  private Await() {}

  /** Returns the future's result, or throws its failure. */
  public static <T> T result(Future<T> future) throws Exception {
    try {
      return future
          .toCompletionStage()
          .toCompletableFuture()
          .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new AssertionError("no result within " + LIMIT.toSeconds() + " s", e);
    }
  }

  /** Returns the future's failure. */
  public static Throwable failure(Future<?> future) throws Exception {
    try {
      Object value = result(future);
      throw new AssertionError("expected a failure, got " + value);
    } catch (Exception e) {
      return e;
    }
  }

  /** Waits until the condition holds. */
  public static void until(String what, Callable<Boolean> condition) throws Exception {
    until(what, condition, Boolean::booleanValue);
  }

  /** Reads a value until it is as expected, and returns it. */
  public static <T> T until(String what, Callable<T> read, Predicate<T> expected) throws Exception {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    T value = read.call();
    while (!expected.test(value)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "not within " + LIMIT.toSeconds() + " s: " + what + "; last seen: " + value);
      }
      TimeUnit.NANOSECONDS.sleep(STEP.toNanos());
      value = read.call();
    }
    return value;
  }
}
