package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;

/**
 * A container's output as one of those attached to it reads it. It takes a bounded amount ahead of
 * its reader; whoever writes waits for {@link #room()}.
 */
final class Tap extends QueuedStream {
  private static final int MAX_QUEUED = 256 << 10;

  // Guarded by this.
  private Promise<Void> room;

  Tap(ContextInternal context) {
    super(context);
  }

  /** Takes a chunk; nothing after the end. */
  void offer(Buffer chunk) {
    if (add(chunk)) {
      deliver();
    }
  }

  /** Completes when more may be offered, or nothing is taken any more. */
  synchronized Future<Void> room() {
    if (atEnd() || queued() < MAX_QUEUED) {
      return Future.succeededFuture();
    }
    if (room == null) {
      room = Promise.promise();
    }
    return room.future();
  }

  /** Ends it because its reader doesn't read; {@link #ended} fails. */
  void drop() {
    fail(new StartException("nobody read the container's output for too long"));
  }

  @Override
  synchronized void wanted() {
    if (room != null && (atEnd() || queued() < MAX_QUEUED / 2)) {
      Promise<Void> waiting = room;
      room = null;
      context().runOnContext(v -> waiting.tryComplete());
    }
  }
}
