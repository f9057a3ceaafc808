package io.hubspoke.apiserver.audit;

import io.hubspoke.api.Json;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events, a line of JSON each, by a thread of its own. What waits to be written is bounded
 * in number and bytes; what finds no room is lost, counted and told.
 */
final class AuditLog {
  private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);
  private static final int MOST_EVENTS = 10_000;
  private static final long MOST_BYTES = 64L << 20;
  private static final int BATCH = 400;
  private static final long TELL_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Where lines go. */
  interface Output {
    void write(byte[] lines) throws IOException;

    void close() throws IOException;
  }

  private record Entry(AuditEvent event, Promise<Void> written) {}

  private static final Entry END = new Entry(null, null);

  private final Output output;
  private final Counter events;
  private final Counter errors;
  private final BlockingQueue<Entry> queue = new LinkedBlockingQueue<>(MOST_EVENTS);
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong toldAt = new AtomicLong(System.nanoTime() - TELL_AGAIN_NANOS);
  private final Promise<Void> ended = Promise.promise();
  private volatile boolean closing;

  AuditLog(Output output, MeterRegistry meters) {
    this.output = output;
    this.events =
        Counter.builder("apiserver_audit_event_total")
            .description("Audit events generated and sent to the audit backend.")
            .register(meters);
    this.errors =
        Counter.builder("apiserver_audit_error_total")
            .description("Audit events that were lost.")
            .tag("plugin", "log")
            .register(meters);
    Thread.ofPlatform().daemon().name("audit-log").start(this::write);
  }

  /** Takes an event; the future fails when it was lost. Never blocks. */
  Future<Void> offer(AuditEvent event) {
    events.increment();
    Promise<Void> written = Promise.promise();
    boolean room = bytes.addAndGet(event.weight()) <= MOST_BYTES && !closing;
    if (!room || !queue.offer(new Entry(event, written))) {
      bytes.addAndGet(-event.weight());
      lost(1, "more events wait to be written than there is room for");
      written.fail("the audit log has no room");
    }
    return written.future();
  }

  /** Completes when all events that were taken are written. */
  Future<Void> close() {
    closing = true;
    // Wakes the writer if it waits; otherwise it sees that it is closing. An interrupt would close
    // the file under what is being written.
    queue.offer(END);
    return ended.future();
  }

  private void write() {
    List<Entry> batch = new ArrayList<>(BATCH);
    while (!closing || !queue.isEmpty()) {
      try {
        batch.add(queue.take());
      } catch (InterruptedException e) {
        LOG.error("the audit log's writer was interrupted, which nobody has a reason to do");
        continue;
      }
      queue.drainTo(batch, BATCH - 1);
      batch.removeIf(entry -> entry.event == null);
      if (!batch.isEmpty()) {
        write(batch);
        batch.clear();
      }
    }
    try {
      output.close();
    } catch (IOException e) {
      LOG.error("the audit log can't be closed: {}", e.getMessage());
    }
    ended.complete();
  }

  private void write(List<Entry> batch) {
    var lines = new ByteArrayOutputStream(batch.size() * 1024);
    List<Entry> whole = new ArrayList<>(batch.size());
    for (Entry entry : batch) {
      try {
        lines.writeBytes(Json.bytes(entry.event.toJson()));
        lines.write('\n');
        whole.add(entry);
      } catch (RuntimeException | StackOverflowError e) {
        // What is in it comes from strangers, and must not silence the log about the others.
        lose(List.of(entry), e);
      }
    }
    try {
      output.write(lines.toByteArray());
      whole.forEach(entry -> entry.written.complete());
    } catch (IOException | RuntimeException e) {
      lose(whole, e);
    } finally {
      batch.forEach(entry -> bytes.addAndGet(-entry.event.weight()));
    }
  }

  private void lose(List<Entry> entries, Throwable why) {
    lost(entries.size(), why.getMessage());
    entries.forEach(entry -> entry.written.fail(why));
  }

  private void lost(int count, String why) {
    errors.increment(count);
    long told = toldAt.get();
    long now = System.nanoTime();
    // A full disk would fill the log of the server, too.
    if (now - told >= TELL_AGAIN_NANOS && toldAt.compareAndSet(told, now)) {
      LOG.error("audit events are lost: {}", why);
    }
  }
}
