package io.hubspoke.client.election;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands for election until it is stopped, and acts for as long as it leads.
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
  private static final Duration RELEASE_LIMIT = Duration.ofSeconds(2);

  /** What a leader does; one term follows another, never two at once. */
  public interface Term {
    /** Begins to act. */
    Future<?> begin();

    /** Stops acting, at once. */
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
  private volatile boolean stopped;
  private volatile long renewedAt;

  /** What this candidate waits for now, unless it is told to stop. */
  private volatile Promise<Boolean> waiting;

  /**
   * Makes a candidate.
   *
   * @param client used for the lease alone: what else a busy component asks must not delay it
   * @param context of a verticle on virtual threads
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
    if (context.threadingModel() != ThreadingModel.VIRTUAL_THREAD) {
      throw new IllegalArgumentException("a candidate waits, so it needs virtual threads");
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
    context.runOnContext(v -> run());
  }

  /** Stops acting and gives the lease back; completes when that is done. */
  public Future<Void> stop() {
    stopped = true;
    var waited = waiting;
    if (waited != null) {
      waited.tryComplete(false);
    }
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

  private void run() {
    try {
      while (acquire()) {
        lead();
      }
    } catch (Throwable e) {
      LOG.error("{}: stands for election no more", options.resourceName(), e);
    } finally {
      ended.tryComplete();
    }
  }

  /** Waits until it leads; returns whether it does, or was stopped. */
  private boolean acquire() {
    LOG.debug("{}: attempting to acquire the lease", options.resourceName());
    var leader = "";
    while (!stopped) {
      if (attempt(options.renewDeadline())) {
        return true;
      }
      if (!lock.holder().equals(leader)) {
        leader = lock.holder();
        LOG.debug("{}: {} leads", options.resourceName(), leader);
      }
      sleep(jittered(options.retryPeriod()));
    }
    return false;
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
    var begun = term.begin();
    var renewed = true;
    while (!stopped && !begun.failed() && renewed) {
      sleep(options.retryPeriod());
      renewed = stopped || begun.failed() || renewInTime();
    }
    leading = false;
    if (begun.failed()) {
      LOG.error("{}: cannot begin to act: {}", options.resourceName(), begun.cause().getMessage());
    } else if (!renewed) {
      LOG.warn(
          "{}: the lease was not renewed within {} ms: stops acting and stands for election again",
          options.resourceName(),
          options.renewDeadline().toMillis());
    }
    finish(term.end());
    if (renewed) {
      release();
    } else {
      lock.forget();
    }
    if (begun.failed()) {
      sleep(options.retryPeriod());
    }
  }

  private boolean renewInTime() {
    while (!stopped) {
      var left = left();
      if (!left.isPositive()) {
        return false;
      }
      if (attempt(left)) {
        return true;
      }
      if (!lock.holder().equals(identity)) {
        // Somebody else has it: there is nothing to wait for.
        return false;
      }
      sleep(left.compareTo(options.retryPeriod()) < 0 ? left : options.retryPeriod());
    }
    return true;
  }

  private Duration left() {
    return options.renewDeadline().minusNanos(nanoTime.getAsLong() - renewedAt);
  }

  private boolean attempt(Duration limit) {
    var sent = nanoTime.getAsLong();
    try {
      var held = within(limit, lock.tryAcquireOrRenew());
      if (held) {
        renewedAt = sent;
      }
      return held;
    } catch (Exception e) {
      LOG.debug("{}: {}", options.resourceName(), e.getMessage());
      return false;
    }
  }

  private void release() {
    try {
      Promise<Boolean> released = Promise.promise();
      lock.release().onComplete(v -> released.tryComplete(true), released::tryFail);
      within(RELEASE_LIMIT, released);
    } catch (Exception e) {
      LOG.debug("{}: not released: {}", options.resourceName(), e.getMessage());
    }
  }

  private static void finish(Future<?> ending) {
    try {
      ending.await();
    } catch (Exception e) {
      LOG.warn("while it stopped acting: {}", e.getMessage());
    }
  }

  private void sleep(Duration time) {
    var over = promise();
    var timer =
        context.owner().setTimer(Math.max(1, time.toMillis()), id -> over.tryComplete(true));
    over.future().await();
    context.owner().cancelTimer(timer);
  }

  private boolean within(Duration limit, Future<Boolean> asked) {
    var answer = promise();
    asked.onComplete(answer::tryComplete, answer::tryFail);
    return within(limit, answer);
  }

  /** Vert.x's own await with a limit leaves the context in a state in which none works again. */
  private boolean within(Duration limit, Promise<Boolean> answer) {
    var timer =
        context
            .owner()
            .setTimer(
                Math.max(1, limit.toMillis()),
                id -> answer.tryFail("no answer within " + limit.toMillis() + " ms"));
    try {
      return answer.future().await();
    } finally {
      context.owner().cancelTimer(timer);
    }
  }

  /** Makes a promise that is kept at once when this candidate is told to stop. */
  private Promise<Boolean> promise() {
    Promise<Boolean> promise = Promise.promise();
    waiting = promise;
    if (stopped) {
      promise.tryComplete(false);
    }
    return promise;
  }
}
