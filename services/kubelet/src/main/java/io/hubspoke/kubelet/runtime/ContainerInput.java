package io.hubspoke.kubelet.runtime;

import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A container's input, which all who are attached to it share. */
public final class ContainerInput {
  private final WriteStream<Buffer> stream;
  private final boolean once;

  // The stream knows but one handler, and each of those attached waits by himself.
  private final Map<AttachedInput, Handler<Void>> waiting = new ConcurrentHashMap<>();

  /**
   * Makes one.
   *
   * @param stream null when the container has no input
   * @param once whether it ends with its first giver
   */
  public ContainerInput(WriteStream<Buffer> stream, boolean once) {
    this.stream = stream;
    this.once = once;
  }

  WriteStream<Buffer> stream() {
    return stream;
  }

  boolean once() {
    return once;
  }

  /** Calls a handler once when there is room; null for one who waits no more. */
  void onDrain(AttachedInput one, Handler<Void> handler) {
    if (handler == null) {
      waiting.remove(one);
      return;
    }
    waiting.put(one, handler);
    stream.drainHandler(v -> drained());
    // Drained before the handler was there: it would be called for the next time.
    if (!stream.writeQueueFull()) {
      drained();
    }
  }

  private void drained() {
    for (AttachedInput one : List.copyOf(waiting.keySet())) {
      Handler<Void> handler = waiting.remove(one);
      if (handler != null) {
        handler.handle(null);
      }
    }
  }
}
