package io.hubspoke.lab.bench.service;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** A client that keeps several connections at work, each on a thread of its own. */
final class Load {
  private static final double MEGA = 1e6;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Stage stage;
  private final int parallel;

  Load(Stage stage, int parallel) {
    this.stage = stage;
    this.parallel = parallel;
  }

  @FunctionalInterface
  private interface Work {
    void run(InetSocketAddress server, AtomicBoolean going, LongAdder done) throws IOException;
  }

  /**
   * Connects, asks, takes the answer and closes, again and again.
   *
   * @return how often a second
   */
  double connections(List<String> addresses, Duration time) throws Exception {
    return rate(addresses, Stage.EXCHANGE, time, Load::exchanges);
  }

  /**
   * Takes as much as comes.
   *
   * @return megabytes a second
   */
  double megabytes(List<String> addresses, Duration time) throws Exception {
    return rate(addresses, Stage.SOURCE, time, Load::swallow) / MEGA;
  }

  private double rate(List<String> addresses, int port, Duration time, Work work) throws Exception {
    var going = new AtomicBoolean(true);
    var done = new LongAdder();
    var failure = new AtomicReference<Exception>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < parallel; i++) {
      var address = InetAddress.ofLiteral(addresses.get(i % addresses.size()));
      var server = new InetSocketAddress(address, port);
      threads.add(stage.client("bench-client-" + i, () -> run(work, server, going, done, failure)));
    }
    // The first connections make what all share.
    awaitMore(done, 0, failure);
    Thread.sleep(time.dividedBy(10));
    long before = done.sum();
    long began = System.nanoTime();
    Thread.sleep(time);
    awaitMore(done, before, failure);
    long counted = done.sum() - before;
    double seconds = (System.nanoTime() - began) / 1e9;
    going.set(false);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
    return counted / seconds;
  }

  /** A busy machine can take longer than a turn lasts to do anything at all. */
  private static void awaitMore(LongAdder done, long than, AtomicReference<Exception> failure)
      throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (done.sum() <= than && failure.get() == null && System.nanoTime() < end) {
      Thread.sleep(1);
    }
  }

  private static void run(
      Work work,
      InetSocketAddress server,
      AtomicBoolean going,
      LongAdder done,
      AtomicReference<Exception> failure) {
    try {
      work.run(server, going, done);
    } catch (IOException e) {
      failure.compareAndSet(null, new IOException(server + ": " + e.getMessage(), e));
    }
  }

  private static void exchanges(InetSocketAddress server, AtomicBoolean going, LongAdder done)
      throws IOException {
    var buffer = ByteBuffer.allocateDirect(Backend.MESSAGE);
    while (going.get()) {
      try (var connection = SocketChannel.open()) {
        connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
        // Reset in the end: a port that waits at either side would be in the way of the next turn,
        // which meets the same server at another address.
        connection.setOption(StandardSocketOptions.SO_LINGER, 0);
        connection.connect(server);
        connection.write(buffer.clear());
        buffer.clear();
        while (buffer.hasRemaining()) {
          if (connection.read(buffer) < 0) {
            throw new IOException("answered " + buffer.position() + " bytes");
          }
        }
      }
      done.increment();
    }
  }

  private static void swallow(InetSocketAddress server, AtomicBoolean going, LongAdder done)
      throws IOException {
    var block = ByteBuffer.allocateDirect(Backend.BLOCK);
    try (var connection = SocketChannel.open(server)) {
      while (going.get()) {
        int read = connection.read(block.clear());
        if (read < 0) {
          throw new IOException("closed by the server");
        }
        done.add(read);
      }
    }
  }
}
