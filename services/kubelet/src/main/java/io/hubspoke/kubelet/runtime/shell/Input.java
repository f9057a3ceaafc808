package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Bytes for a command, with a bounded buffer: a pipe's, a terminal's, or a stream's from afar. */
final class Input implements ByteSource {
  private static final int CAPACITY = 1 << 17;
  private static final Buffer EOF = Buffer.buffer();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Buffer> queue = new ArrayDeque<>();
  private Runnable drained = () -> {};
  private int size;
  private boolean wasFull;
  private boolean ended;
  private boolean closed;

  /** Returns an input that has ended. */
  static Input empty() {
    Input input = new Input();
    input.end();
    return input;
  }

  /** Reads a stream, which is paused while this is full. */
  static Input of(ReadStream<Buffer> stream) {
    Input input = new Input();
    input.onDrained(stream::resume);
    stream.exceptionHandler(broken -> input.end());
    stream.endHandler(v -> input.end());
    stream.handler(
        bytes -> {
          if (input.offer(bytes)) {
            input.hold(stream);
          }
        });
    stream.resume();
    return input;
  }

  /**
   * Pauses a stream while this is full. A reader on another thread may have made room meanwhile,
   * and resumed the stream before it was paused.
   */
  void hold(ReadStream<Buffer> stream) {
    stream.pause();
    boolean room;
    lock.lock();
    try {
      room = !wasFull || closed;
    } finally {
      lock.unlock();
    }
    if (room) {
      stream.resume();
    }
  }

  /** Says what to call when there is room again. */
  void onDrained(Runnable action) {
    drained = action;
  }

  /** Adds bytes without waiting, and returns whether no more should come now. */
  boolean offer(Buffer bytes) {
    lock.lock();
    try {
      if (!closed && !ended && bytes.length() > 0) {
        queue.add(bytes);
        size += bytes.length();
        wasFull |= size >= CAPACITY;
        changed.signalAll();
      }
      return wasFull && !closed;
    } finally {
      lock.unlock();
    }
  }

  /** Makes one read return the end, as Ctrl-D does. */
  void offerEof() {
    lock.lock();
    try {
      queue.add(EOF);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Adds bytes, waiting for room. */
  void put(Buffer bytes) throws Output.BrokenPipe, InterruptedException {
    lock.lockInterruptibly();
    try {
      while (wasFull && !closed) {
        changed.await();
      }
      if (closed) {
        throw new Output.BrokenPipe();
      }
      offer(bytes);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Buffer read() throws InterruptedException {
    Buffer bytes;
    boolean room;
    lock.lockInterruptibly();
    try {
      while (queue.isEmpty() && !ended) {
        changed.await();
      }
      bytes = queue.poll();
      size -= bytes == null ? 0 : bytes.length();
      room = wasFull && size <= CAPACITY / 2;
      if (room) {
        wasFull = false;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (room) {
      drained.run();
    }
    return bytes == EOF ? null : bytes;
  }

  /** Gives back what was read and not used. */
  void unread(Buffer bytes) {
    lock.lock();
    try {
      if (bytes.length() > 0) {
        queue.addFirst(bytes);
        size += bytes.length();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Drops what was not read yet. */
  void clear() {
    lock.lock();
    try {
      queue.clear();
      size = 0;
      wasFull = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    drained.run();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    clear();
  }

  /** Returns the writing end of a pipe to this. */
  Output output() {
    return new Output() {
      @Override
      public void write(Buffer data) throws BrokenPipe, InterruptedException {
        put(data);
      }

      @Override
      public void close() {
        end();
      }
    };
  }
}
