package io.hubspoke.kubelet.runtime;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.WriteStream;

/**
 * The input of somebody attached: the container's own, which goes on when he ends unless it is for
 * one alone. A container without an input drops what is typed.
 */
public final class AttachedInput implements WriteStream<Buffer> {
  private final ContainerInput input;
  private final WriteStream<Buffer> container;

  /** Makes one. */
  public AttachedInput(ContainerInput input) {
    this.input = input;
    this.container = input.stream();
  }

  @Override
  public Future<Void> write(Buffer data) {
    return container == null ? Future.succeededFuture() : container.write(data);
  }

  @Override
  public Future<Void> end() {
    return container != null && input.once() ? container.end() : Future.succeededFuture();
  }

  @Override
  public boolean writeQueueFull() {
    return container != null && container.writeQueueFull();
  }

  @Override
  public WriteStream<Buffer> drainHandler(Handler<Void> handler) {
    if (container != null) {
      input.onDrain(this, handler);
    }
    return this;
  }

  @Override
  public WriteStream<Buffer> setWriteQueueMaxSize(int maxSize) {
    return this;
  }

  @Override
  public WriteStream<Buffer> exceptionHandler(Handler<Throwable> handler) {
    if (container != null) {
      container.exceptionHandler(handler);
    }
    return this;
  }
}
