package io.hubspoke.client.election;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands for election until it is stopped, and acts for as long as it leads.
 *
 * <p>On an event loop: virtual threads take turns with each other, and a leader whose own work
 * keeps thousands of them busy would lose its lease over waiting for a turn.
 *
 * <p>A leader that can't renew its lease in time stops acting before any other candidate may begin:
 * its deadline counts from when it sent the last renewal that succeeded, the others' wait from when
 * they saw it. It then stands for election again. The real components end their process instead, to
 * be started anew by what watches over them; here what acted ends as a whole and begins afresh just
 * so, and a mesh that shares the process goes on.
 */
public final class LeaderElector {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderElector.class);
  private static final double JITTER = 1.2;
  private static final int RELEASE_SECONDS = 2;

  /** What a leader does; one term follows another, never two at once. */
  public interface Term {
    /** Begins to act; called on the candidate's event loop. */
    Future<?> begin();

    /** Stops acting, at once; called there, too. */
    Future<?> end();
  }

  private final Context context;
  private final LeaderElectionOptions options;
  private final String identity;
  private final EventRecorder events;
  private final LeaseLock lock;
  private final Term term;
  private final LongSupplier nanoTime;
  private final Promise<Void> ended = Promise.promise();
  private volatile boolean leading;
  private volatile long renewedAt;
  private boolean stopped;

  /** What this candidate waits for now, unless it is told to stop. */
  private Promise<Boolean> waiting = Promise.promise();

  /**
   * Makes a candidate.
   *
   * @param client used for the lease alone: what else a busy component asks must not delay it
   * @param context an event loop's
   * @param component whose events these are
   */
  public LeaderElector(
      ApiClient client,
      Context context,
      LeaderElectionOptions options,
      String component,
      Term term) {
    this(client, context, options, component, term, Clock.systemUTC(), System::nanoTime);
  }

  LeaderElector(
      ApiClient client,
      Context context,
      LeaderElectionOptions options,
      String component,
      Term term,
      Clock clock,
      LongSupplier nanoTime) {
    if (!context.isEventLoopContext()) {
      throw new IllegalArgumentException("a candidate needs an event loop");
    }
    this.context = context;
    this.options = options;
    this.identity = LeaderElectionOptions.identity();
    this.events = new EventRecorder(client, component, "");
    this.lock = new LeaseLock(client, options, identity, clock, nanoTime);
    this.term = term;
    this.nanoTime = nanoTime;
  }

  /** Stands for election from now on. */
  public void start() {
    context.runOnContext(v -> acquire(""));
  }

  /** Stops acting and gives the lease back; completes when that is done. */
  public Future<Void> stop() {
    context.runOnContext(
        v -> {
          stopped = true;
          waiting.tryComplete(false);
        });
    return ended.future();
  }

  /** Returns whether this one leads. */
  public boolean isLeader() {
    return leading;
  }

  public String identity() {
    return identity;
  }

  /** Returns whether it leads no more in time to tell: a leader that is stuck is ill. */
  public boolean isStuck() {
    return leading && left().isNegative();
  }

  /** Asks for the lease until it has it, or is stopped. */
  private void acquire(String leader) {
    if (stopped) {
      ended.complete();
      return;
    }
    attempt(options.renewDeadline())
        .onSuccess(
            held -> {
              if (held) {
                lead();
                return;
              }
              var holder = lock.holder();
              if (!holder.equals(leader)) {
                LOG.debug("{}: {} leads", options.resourceName(), holder);
              }
              after(jittered(options.retryPeriod()), () -> acquire(holder));
            });
  }

  /** Candidates that began together don't ask together for ever. */
  private static Duration jittered(Duration period) {
    var share = 1 + JITTER * ThreadLocalRandom.current().nextDouble();
    return Duration.ofNanos((long) (share * period.toNanos()));
  }

  private void lead() {
    leading = true;
    LOG.debug("{}: {} leads", options.resourceName(), identity);
    events.normal(lock.regarding(), "LeaderElection", identity + " became leader");
    // Beginning may take long; the lease is renewed meanwhile.
    var begun = caught(term::begin);
    after(options.retryPeriod(), () -> renew(begun));
  }

  private void renew(Future<?> begun) {
    if (stopped || begun.failed()) {
      resign(begun, this::release);
      return;
    }
    var left = left();
    if (!left.isPositive()) {
      lose(begun);
      return;
    }
    attempt(left)
        .onSuccess(
            held -> {
              if (!held && !lock.holder().equals(identity)) {
                // Somebody else has it: there is nothing to wait for.
                lose(begun);
                return;
              }
              var soon = !held && left.compareTo(options.retryPeriod()) < 0;
              after(soon ? left : options.retryPeriod(), () -> renew(begun));
            });
  }

  private void lose(Future<?> begun) {
    LOG.warn(
        "{}: the lease was not renewed within {} ms: stops acting and stands for election again",
        options.resourceName(),
        options.renewDeadline().toMillis());
    resign(
        begun,
        () -> {
          lock.forget();
          return Future.succeededFuture();
        });
  }

  private void resign(Future<?> begun, Supplier<Future<Void>> leave) {
    leading = false;
    if (begun.failed()) {
      LOG.error("{}: cannot begin to act: {}", options.resourceName(), begun.cause().getMessage());
    }
    caught(term::end)
        .onFailure(e -> LOG.warn("while it stopped acting: {}", e.getMessage()))
        .eventually(leave)
        .onComplete(
            v -> {
              var pause = begun.failed() ? options.retryPeriod() : Duration.ZERO;
              after(pause, () -> acquire(""));
            });
  }

  private Future<Void> release() {
    return lock.release()
        .timeout(RELEASE_SECONDS, TimeUnit.SECONDS)
        .onFailure(e -> LOG.debug("{}: not released: {}", options.resourceName(), e.getMessage()));
  }

  private Duration left() {
    return options.renewDeadline().minusNanos(nanoTime.getAsLong() - renewedAt);
  }

  /** Asks for the lease; gives whether it is held, which without an answer in time it is not. */
  private Future<Boolean> attempt(Duration limit) {
    var sent = nanoTime.getAsLong();
    var answer = waiting();
    lock.tryAcquireOrRenew()
        .timeout(Math.max(1, limit.toMillis()), TimeUnit.MILLISECONDS)
        .onSuccess(
            held -> {
              if (answer.tryComplete(held) && held) {
                renewedAt = sent;
              }
            })
        .onFailure(
            e -> {
              LOG.debug("{}: {}", options.resourceName(), e.getMessage());
              answer.tryComplete(false);
            });
    return answer.future();
  }

  private static Future<?> caught(Supplier<Future<?>> action) {
    return Future.succeededFuture().compose(v -> action.get().mapEmpty());
  }

  private void after(Duration time, Runnable then) {
    var over = waiting();
    var timer =
        context.owner().setTimer(Math.max(1, time.toMillis()), id -> over.tryComplete(true));
    over.future()
        .onSuccess(
            v -> {
              context.owner().cancelTimer(timer);
              then.run();
            });
  }

  /** Makes a promise that is kept at once when this candidate is told to stop. */
  private Promise<Boolean> waiting() {
    waiting = Promise.promise();
    if (stopped) {
      waiting.complete(false);
    }
    return waiting;
  }
}
