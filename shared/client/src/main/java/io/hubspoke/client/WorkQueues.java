package io.hubspoke.client;

import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Histogram;
import io.vertx.core.Context;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;

/**
 * Measures the control loops of a component, under the names of the real ones' work queues. Goes on
 * counting from one term of leadership to the next.
 */
public final class WorkQueues {
  private static final String KEY = WorkQueues.class.getName();

  /** What is counted of one loop. */
  static final class Queue {
    private final LongAdder adds = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final Histogram waited = new Histogram();
    private final Histogram worked = new Histogram();
    private volatile IntSupplier depth = () -> 0;

    void added() {
      adds.increment();
    }

    void retried() {
      retries.increment();
    }

    void taken(long sinceNanos) {
      waited.record(Duration.ofNanos(System.nanoTime() - sinceNanos));
    }

    void done(long sinceNanos) {
      worked.record(Duration.ofNanos(System.nanoTime() - sinceNanos));
    }
  }

  private final Map<String, Queue> queues = new ConcurrentSkipListMap<>();

  /** Has the loops measured that are made with this context. */
  public void measure(Context context) {
    context.put(KEY, this);
  }

  /** Returns where a loop counts; nobody reads it where nobody measures. */
  static Queue of(Context context, String name, IntSupplier depth) {
    WorkQueues measuring = context.get(KEY);
    var queue =
        measuring == null
            ? new Queue()
            : measuring.queues.computeIfAbsent(name, added -> new Queue());
    queue.depth = depth;
    return queue;
  }

  /** Writes down what was measured. */
  public void write(Exposition text) {
    text.family("workqueue_depth", "gauge", "Current depth of workqueue")
        .family("workqueue_adds_total", "counter", "Total number of adds handled by workqueue")
        .family(
            "workqueue_retries_total", "counter", "Total number of retries handled by workqueue")
        .family(
            "workqueue_queue_duration_seconds",
            "histogram",
            "How long in seconds an item stays in workqueue before being requested.")
        .family(
            "workqueue_work_duration_seconds",
            "histogram",
            "How long in seconds processing an item from workqueue takes.");
    queues.forEach(
        (name, queue) -> {
          text.add("workqueue_depth", queue.depth.getAsInt(), "name", name);
          text.add("workqueue_adds_total", queue.adds.sum(), "name", name);
          text.add("workqueue_retries_total", queue.retries.sum(), "name", name);
          text.add("workqueue_queue_duration_seconds", queue.waited, "name", name);
          text.add("workqueue_work_duration_seconds", queue.worked, "name", name);
        });
  }
}
