package io.hubspoke.lab.bench.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
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

  /** As load generators ask that keep no connection. */
  private static final String REQUEST =
      """
      GET / HTTP/1.1\r
      Host: %s\r
      User-Agent: hubspoke-bench\r
      Accept: */*\r
      Connection: close\r
      \r
      """;

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
   * How much went.
   *
   * @param rate a second
   * @param micros of processor that each took of this process, which is client, server and proxy
   */
  record Took(double rate, double micros) {
    private Took per(double many) {
      return new Took(rate / many, micros * many);
    }
  }

  /** Connects, asks, takes the answer and closes, again and again. */
  Took connections(List<String> addresses, Duration time) throws Exception {
    return rate(addresses, Stage.EXCHANGE, time, Load::exchanges);
  }

  /** Sends HTTP requests, each on a connection of its own that the server closes. */
  Took requests(List<String> addresses, Duration time) throws Exception {
    return rate(addresses, Stage.HTTP, time, Load::requests);
  }

  /** Takes as much as comes, counted in megabytes. */
  Took megabytes(List<String> addresses, Duration time) throws Exception {
    return rate(addresses, Stage.SOURCE, time, Load::swallow).per(MEGA);
  }

  private Took rate(List<String> addresses, int port, Duration time, Work work) throws Exception {
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
    long processor = processorNanos();
    long began = System.nanoTime();
    Thread.sleep(time);
    awaitMore(done, before, failure);
    long counted = done.sum() - before;
    double seconds = (System.nanoTime() - began) / 1e9;
    double micros = (processorNanos() - processor) / 1e3;
    going.set(false);
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw failure.get();
    }
    return new Took(counted / seconds, micros / counted);
  }

  private static long processorNanos() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
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

  private static void requests(InetSocketAddress server, AtomicBoolean going, LongAdder done)
      throws IOException {
    byte[] request = REQUEST.formatted(server.getAddress().getHostAddress()).getBytes(US_ASCII);
    var sent = ByteBuffer.allocateDirect(request.length).put(request).flip();
    var answer = ByteBuffer.allocateDirect(4096);
    while (going.get()) {
      try (var connection = SocketChannel.open()) {
        connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
        // The server waits for what is late, which the next turn must not meet: see above.
        connection.setOption(StandardSocketOptions.SO_LINGER, 0);
        connection.connect(server);
        connection.write(sent.rewind());
        answer.clear();
        while (connection.read(answer) >= 0) {
          if (!answer.hasRemaining()) {
            throw new IOException("answered more than was to be answered");
          }
        }
        check(answer.flip());
      }
      done.increment();
    }
  }

  private static void check(ByteBuffer answer) throws IOException {
    byte[] status = "HTTP/1.1 200 ".getBytes(UTF_8);
    int length = Backend.PAGE.length;
    if (answer.limit() < status.length + length
        || !answer.slice(0, status.length).equals(ByteBuffer.wrap(status))
        || !answer.slice(answer.limit() - length, length).equals(ByteBuffer.wrap(Backend.PAGE))) {
      throw new IOException("answered " + UTF_8.decode(answer));
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
