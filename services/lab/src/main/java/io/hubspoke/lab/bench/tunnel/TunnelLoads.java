package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.lab.bench.Latencies;
import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Loads that are put on one dialer, all on one event loop; methods block. */
final class TunnelLoads {
  private static final double MEGA = 1e6;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final int WRITE_QUEUE = 256 << 10;
  private static final int AT_ONCE = 32;
  private static final long PATIENCE_SECONDS = 120;
  private static final Duration START = Duration.ofSeconds(60);
  private static final long POLL_MILLIS = 50;

  /** Seconds that a load may take until it gets no faster. */
  private static final int LONGEST_SETTLING = 30;

  /** So many seconds in a row none was faster than the best before. */
  private static final int SETTLED = 3;

  private static final double FASTER = 1.03;
  private static final Duration FIRST_BYTE = Duration.ofSeconds(10);
  private static final Buffer BLOCK = Buffer.buffer(new byte[64 << 10]);
  private static final Buffer BYTE = Buffer.buffer(new byte[] {'x'});

  private final Context loop;
  private final Dialer dialer;
  private final TargetPorts ports;

  TunnelLoads(Vertx vertx, Dialer dialer, TargetPorts ports) {
    this.loop = ((VertxInternal) vertx).createEventLoopContext();
    this.dialer = dialer;
    this.ports = ports;
  }

  /** Connections that are kept open until they are closed all at once. */
  final class Held implements AutoCloseable {
    private final List<Duplex> open = new ArrayList<>();
    private final AtomicLong received = new AtomicLong();

    /** Returns how many bytes all have received. */
    long received() {
      return received.get();
    }

    /** Nobody waits for their ends. */
    @Override
    public void close() {
      loop.runOnContext(v -> open.forEach(duplex -> duplex.reset().otherwiseEmpty()));
    }
  }

  /** Waits until connections can be made. */
  void awaitUp() throws Exception {
    long end = System.nanoTime() + START.toNanos();
    while (true) {
      try {
        idle(1).close();
        return;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      }
    }
  }

  /** Opens streams that are read as fast as they come. */
  Held reading(int count) throws Exception {
    var held = new Held();
    opened(
        held,
        count,
        ports.source(),
        duplex -> {
          duplex.handler(bytes -> held.received.addAndGet(bytes.length()));
          duplex.exceptionHandler(broken -> {});
          duplex.resume();
          return Future.succeededFuture(duplex);
        });
    return held;
  }

  /** Opens streams whose reader has stopped before it began. */
  Held stopped(int count) throws Exception {
    var held = new Held();
    opened(held, count, ports.source(), Future::succeededFuture);
    return held;
  }

  /** Opens streams that are written as fast as they take it; what was taken counts as received. */
  Held writing(int count) throws Exception {
    var held = new Held();
    opened(
        held,
        count,
        ports.sink(),
        duplex -> {
          duplex.exceptionHandler(broken -> {});
          duplex.handler(nothing -> {}).resume();
          duplex.setWriteQueueMaxSize(WRITE_QUEUE);
          fill(duplex, held.received);
          return Future.succeededFuture(duplex);
        });
    return held;
  }

  private static void fill(Duplex duplex, AtomicLong taken) {
    while (!duplex.writeQueueFull()) {
      var sent = duplex.write(BLOCK).onSuccess(v -> taken.addAndGet(BLOCK.length()));
      if (sent.failed()) {
        return; // it has ended, and is never full again
      }
    }
    duplex.drainHandler(v -> fill(duplex, taken));
  }

  /** Opens connections over which one byte goes there and back, and then nothing. */
  Held idle(int count) throws Exception {
    var held = new Held();
    opened(held, count, ports.echo(), TunnelLoads::echoed);
    return held;
  }

  @FunctionalInterface
  private interface Begin {
    Future<Duplex> with(Duplex duplex);
  }

  private void opened(Held held, int count, int port, Begin begin) throws Exception {
    var left = new AtomicInteger(count);
    try {
      atOnce(
          Math.min(count, AT_ONCE),
          () -> {
            if (left.getAndDecrement() <= 0) {
              return null;
            }
            return dial(port).onSuccess(held.open::add).compose(begin::with).mapEmpty();
          });
    } catch (Exception e) {
      held.close();
      throw e;
    }
  }

  /** Does something several times at a time, again and again, until it returns null for it. */
  private void atOnce(int parallel, Supplier<Future<Void>> next) throws Exception {
    Promise<Void> finished = Promise.promise();
    var running = new AtomicInteger(parallel);
    on(
        () -> {
          for (int i = 0; i < parallel; i++) {
            again(next, running, finished);
          }
          return finished.future();
        });
  }

  private void again(Supplier<Future<Void>> next, AtomicInteger running, Promise<Void> finished) {
    var done = next.get();
    if (done == null) {
      if (running.decrementAndGet() == 0) {
        finished.tryComplete();
      }
      return;
    }
    // In a turn of its own: thousands that are done at once would be as many frames deep.
    done.onSuccess(v -> loop.runOnContext(turn -> again(next, running, finished)))
        .onFailure(finished::tryFail);
  }

  private Future<Duplex> dial(int port) {
    return dialer.dial(new Target(TargetPorts.ADDRESS, port));
  }

  /** Completes when a byte that is sent has come back. */
  private static Future<Duplex> echoed(Duplex duplex) {
    Promise<Duplex> back = Promise.promise();
    duplex.handler(bytes -> back.tryComplete(duplex));
    duplex.exceptionHandler(back::tryFail);
    duplex.endHandler(v -> back.tryFail("it ended"));
    duplex.resume();
    duplex.write(BYTE).onFailure(back::tryFail);
    return back.future();
  }

  /** Megabytes a second that streams which are open move, from some time on. */
  static double rate(Held streams, Duration warmUp, Duration time) throws Exception {
    return rate(streams::received, warmUp, time);
  }

  /** Waits until streams get no faster. */
  static void settle(Held streams, Duration warmUp) throws Exception {
    settle(warmUp, time -> rate(streams, Duration.ZERO, time));
  }

  /** Makes connections, several at a time, until there are no more of them in a second. */
  void settle(int parallel, Duration warmUp) throws Exception {
    settle(warmUp, time -> setups(parallel, time).perSecond());
  }

  @FunctionalInterface
  private interface Rate {
    double during(Duration time) throws Exception;
  }

  /**
   * The processes at work compile what they do for much longer than it takes to begin, and longest
   * for what they are asked first.
   */
  private static void settle(Duration warmUp, Rate rate) throws Exception {
    if (warmUp.isZero()) {
      return;
    }
    double best = rate.during(warmUp);
    for (int second = 0, slower = 0; second < LONGEST_SETTLING && slower < SETTLED; second++) {
      double now = rate.during(Duration.ofSeconds(1));
      slower = now < best * FASTER ? slower + 1 : 0;
      best = Math.max(best, now);
    }
  }

  private static double rate(LongSupplier bytes, Duration warmUp, Duration time)
      throws InterruptedException, IOException {
    awaitFirst(bytes);
    TimeUnit.NANOSECONDS.sleep(warmUp.toNanos());
    long began = System.nanoTime();
    long before = bytes.getAsLong();
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
    long moved = bytes.getAsLong() - before;
    double seconds = (System.nanoTime() - began) / 1e9;
    if (moved == 0) {
      throw new IOException("no byte came");
    }
    return moved / MEGA / seconds;
  }

  /** On a busy machine a stream may take longer to begin than it is measured. */
  private static void awaitFirst(LongSupplier bytes) throws InterruptedException {
    long end = System.nanoTime() + FIRST_BYTE.toNanos();
    while (bytes.getAsLong() == 0 && System.nanoTime() - end < 0) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  /** What connections one after the other, or several at a time, came to. */
  record Setups(Latencies times, double perSecond) {}

  /** Connects, waits for the first byte, and ends the connection; again and again. */
  Setups setups(int parallel, Duration time) throws Exception {
    var times = new Latencies();
    long started = System.nanoTime();
    long end = started + time.toNanos();
    atOnce(parallel, () -> System.nanoTime() - end >= 0 ? null : setUp(times));
    return new Setups(times, times.count() / ((System.nanoTime() - started) / 1e9));
  }

  private Future<Void> setUp(Latencies times) {
    long began = System.nanoTime();
    return dial(ports.echo())
        .compose(
            duplex ->
                echoed(duplex)
                    .onSuccess(v -> times.add(System.nanoTime() - began))
                    .eventually(() -> duplex.reset().otherwiseEmpty()))
        .mapEmpty();
  }

  /**
   * How long after a process was killed the last of its connections had failed at the dialer, and
   * was none of the target's any more, in milliseconds.
   */
  record Broken(double dialerTold, double targetTold) {}

  /** Kills a process that connections go through, over which a byte has gone there and back. */
  Broken killing(int count, ServerProcess process) throws Exception {
    try (var held = idle(count)) {
      var told = new AtomicLong();
      var broken = new ArrayList<Future<Void>>();
      on(
          () -> {
            held.open.forEach(
                duplex -> broken.add(broken(duplex).onSuccess(v -> told.set(System.nanoTime()))));
            return Future.succeededFuture();
          });
      long killed = System.nanoTime();
      process.kill();
      on(() -> Future.all(broken));
      TargetPorts.awaitGone(ports.echo());
      long gone = System.nanoTime();
      return new Broken((told.get() - killed) / NANOS_PER_MILLI, (gone - killed) / NANOS_PER_MILLI);
    }
  }

  /** Completes when it has failed; an end as if in order is a failure of this. */
  private static Future<Void> broken(Duplex duplex) {
    Promise<Void> broken = Promise.promise();
    duplex.exceptionHandler(error -> broken.tryComplete());
    duplex.endHandler(v -> broken.tryFail("it ended as if in order"));
    return broken.future();
  }

  private <T> T on(Supplier<Future<T>> action) throws Exception {
    Promise<T> done = Promise.promise();
    loop.runOnContext(
        v -> {
          try {
            action.get().onComplete(done);
          } catch (RuntimeException e) {
            done.tryFail(e);
          }
        });
    return Component.await(done.future().timeout(PATIENCE_SECONDS, TimeUnit.SECONDS));
  }
}
