package io.hubspoke.scheduler;

import io.hubspoke.runtime.Exposition;
import java.util.concurrent.atomic.LongAdder;

/** Counts what the scheduler does, under the real one's names. Thread-safe. */
final class SchedulerMetrics {
  private static final String PENDING = "scheduler_pending_pods";
  private static final String ATTEMPTS = "scheduler_schedule_attempts_total";

  private final String profile;
  private final LongAdder scheduled = new LongAdder();
  private final LongAdder unschedulable = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private volatile SchedulingQueue queue = new SchedulingQueue();

  SchedulerMetrics(String profile) {
    this.profile = profile;
  }

  /** Looks at this queue from now on. */
  void watch(SchedulingQueue now) {
    queue = now;
  }

  void scheduled() {
    scheduled.increment();
  }

  void unschedulable() {
    unschedulable.increment();
  }

  void failed() {
    failed.increment();
  }

  void write(Exposition text) {
    text.family(PENDING, "gauge", "Number of pending pods, by the queue type.")
        .family(
            ATTEMPTS,
            "counter",
            "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could"
                + " not be scheduled, while 'error' means an internal scheduler problem.");
    text.add(PENDING, queue.active(), "queue", "active");
    text.add(PENDING, queue.backingOff(), "queue", "backoff");
    text.add(PENDING, queue.unschedulable(), "queue", "unschedulable");
    text.add(ATTEMPTS, failed.sum(), "profile", profile, "result", "error");
    text.add(ATTEMPTS, scheduled.sum(), "profile", profile, "result", "scheduled");
    text.add(ATTEMPTS, unschedulable.sum(), "profile", profile, "result", "unschedulable");
  }
}
