package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Writes to a stream whose reader may be far away. */
final class StreamOutput implements Output {
  private final WriteStream<Buffer> stream;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition drained = lock.newCondition();

  StreamOutput(WriteStream<Buffer> stream) {
    this.stream = stream;
    stream.drainHandler(v -> signal());
  }

  private void signal() {
    lock.lock();
    try {
      drained.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void write(Buffer data) throws BrokenPipe, InterruptedException {
    // Written without the lock, for which the event loop waits to say that there is room.
    waitForRoom();
    Future<Void> written = stream.write(data);
    if (written.failed()) {
      throw new BrokenPipe();
    }
  }

  private void waitForRoom() throws InterruptedException {
    if (!stream.writeQueueFull()) {
      return;
    }
    lock.lockInterruptibly();
    try {
      while (stream.writeQueueFull()) {
        drained.await();
      }
    } finally {
      lock.unlock();
    }
  }
}
