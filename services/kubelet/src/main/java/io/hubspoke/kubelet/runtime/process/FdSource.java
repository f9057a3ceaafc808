package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.netty.buffer.Unpooled;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import java.lang.foreign.MemorySegment;

/**
 * Reads a file descriptor as a stream. While it is paused at most a few chunks wait here, the rest
 * in the kernel, which holds the writer back.
 */
final class FdSource extends QueuedStream {
  private static final int MAX_QUEUED = 4;

  private final FdPoller poller;
  private final int fd;

  // Guarded by this.
  private boolean armed;

  /** Makes a stream of a descriptor that doesn't block; its owner closes it after the end. */
  FdSource(ContextInternal context, FdPoller poller, int fd) {
    super(context);
    this.poller = poller;
    this.fd = fd;
  }

  @Override
  synchronized void wanted() {
    if (!armed && !atEnd() && room()) {
      armed = true;
      poller.watch(fd, FdPoller.READ, this::read);
    }
  }

  private synchronized boolean room() {
    return demanded() && chunks() < MAX_QUEUED;
  }

  /** Reads what there is, on the poller's thread. */
  private void read() {
    synchronized (this) {
      armed = false;
      if (atEnd()) {
        return;
      }
    }
    MemorySegment scratch = poller.scratch();
    boolean more = true;
    while (more) {
      long count = Libc.tryCall(Libc.READ, fd, scratch.address(), FdPoller.CHUNK);
      if (count == -Libc.EAGAIN || count == -Libc.EINTR) {
        break;
      }
      if (count <= 0) {
        end();
        return;
      }
      byte[] bytes = scratch.asSlice(0, count).toArray(JAVA_BYTE);
      more =
          add(BufferInternal.buffer(Unpooled.wrappedBuffer(bytes)))
              && count == FdPoller.CHUNK
              && room();
    }
    deliver();
  }
}
