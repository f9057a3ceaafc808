package io.hubspoke.lab.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;

/** Copies a file into a pod and back out, as {@code kubectl cp} does: tar at the far end. */
final class PodCopies {
  private static final int TAR_BLOCK = 512;
  private static final Buffer BLOCK = Buffer.buffer(new byte[64 << 10]);
  private static final String NAME = "copied";

  private final PodExecs execs;
  private final long size;

  /**
   * @param size of the file
   */
  PodCopies(PodExecs execs, long size) {
    this.execs = execs;
    this.size = size;
  }

  /** Copies it there, and returns how many seconds that took. */
  double there() throws Exception {
    long began = System.nanoTime();
    RemoteProcess process =
        Component.await(execs.start(PodExecs.INPUT, "tar", "-xmf", "-", "-C", BenchPod.VOLUME));
    try {
      Future<Buffer> complaints = text(process.stderr());
      process.stdout().handler(nothing -> {}).resume();
      new Archive(process).send();
      finish(process, complaints);
      return seconds(began);
    } finally {
      process.close();
    }
  }

  /** Copies it back. */
  double back() throws Exception {
    long began = System.nanoTime();
    RemoteProcess process =
        Component.await(
            execs.start(PodExecs.OUTPUT, "tar", "cf", "-", "-C", BenchPod.VOLUME, NAME));
    try {
      Future<Buffer> complaints = text(process.stderr());
      AtomicLong read = new AtomicLong();
      Promise<Void> ended = Promise.promise();
      process.stdout().endHandler(v -> ended.tryComplete());
      process.stdout().handler(bytes -> read.addAndGet(bytes.length())).resume();
      finish(process, complaints);
      Component.await(ended.future());
      if (read.get() < size) {
        throw new IOException("only " + read + " of " + size + " bytes came back");
      }
      return seconds(began);
    } finally {
      process.close();
    }
  }

  private static void finish(RemoteProcess process, Future<Buffer> complaints) throws Exception {
    int code = Component.await(process.exited());
    if (code != 0) {
      throw new IOException("tar ended with " + code + ": " + Component.await(complaints));
    }
  }

  private static Future<Buffer> text(ReadStream<Buffer> stream) {
    Buffer text = Buffer.buffer();
    Promise<Buffer> ended = Promise.promise();
    stream.endHandler(v -> ended.tryComplete(text));
    stream.handler(text::appendBuffer).resume();
    return ended.future();
  }

  private static double seconds(long began) {
    return (System.nanoTime() - began) / 1e9;
  }

  /** A tar archive of one file of zeros, which goes to a process as fast as it takes it. */
  private final class Archive {
    private final RemoteProcess process;
    private long left = size;

    Archive(RemoteProcess process) {
      this.process = process;
    }

    void send() {
      process.stdin().write(header()).otherwiseEmpty();
      more();
    }

    private void more() {
      while (left > 0) {
        if (process.stdin().writeQueueFull()) {
          process.stdin().drainHandler(v -> more());
          return;
        }
        int next = (int) Math.min(left, BLOCK.length());
        left -= next;
        if (process.stdin().write(next == BLOCK.length() ? BLOCK : BLOCK.slice(0, next)).failed()) {
          return; // its end says why
        }
      }
      if (left == 0) {
        left = -1;
        process.stdin().drainHandler(null);
        int pad = (int) ((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
        process.stdin().write(BLOCK.slice(0, pad + 2 * TAR_BLOCK)).otherwiseEmpty();
        process.stdin().end().otherwiseEmpty();
      }
    }

    /** Returns a header of the ustar format. */
    private Buffer header() {
      byte[] header = new byte[TAR_BLOCK];
      put(header, 0, NAME);
      put(header, 100, "0000644");
      put(header, 108, "0000000");
      put(header, 116, "0000000");
      put(header, 124, "%011o".formatted(size));
      put(header, 136, "%011o".formatted(0));
      put(header, 148, " ".repeat(8));
      put(header, 156, "0");
      put(header, 257, "ustar");
      put(header, 263, "00");
      int sum = 0;
      for (byte b : header) {
        sum += b;
      }
      put(header, 148, "%06o\0 ".formatted(sum));
      return Buffer.buffer(header);
    }

    private static void put(byte[] header, int at, String text) {
      byte[] bytes = text.getBytes(US_ASCII);
      System.arraycopy(bytes, 0, header, at, bytes.length);
    }
  }
}
