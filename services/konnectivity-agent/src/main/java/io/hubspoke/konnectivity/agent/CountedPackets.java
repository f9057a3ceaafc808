package io.hubspoke.konnectivity.agent;

import io.hubspoke.tunnel.konnectivity.Packet;
import io.hubspoke.tunnel.konnectivity.PacketStream;
import io.vertx.core.Future;
import io.vertx.core.Handler;

/** Counts the packets of a stream. */
final class CountedPackets implements PacketStream {
  private final PacketStream stream;
  private final AgentMetrics metrics;

  CountedPackets(PacketStream stream, AgentMetrics metrics) {
    this.stream = stream;
    this.metrics = metrics;
  }

  @Override
  public PacketStream handler(Handler<Packet> handler) {
    stream.handler(
        handler == null
            ? null
            : packet -> {
              metrics.received(packet);
              handler.handle(packet);
            });
    return this;
  }

  @Override
  public Future<Void> write(Packet packet) {
    metrics.sent(packet);
    return stream.write(packet);
  }

  @Override
  public PacketStream exceptionHandler(Handler<Throwable> handler) {
    stream.exceptionHandler(handler);
    return this;
  }

  @Override
  public PacketStream pause() {
    stream.pause();
    return this;
  }

  @Override
  public PacketStream resume() {
    stream.resume();
    return this;
  }

  @Override
  public PacketStream fetch(long amount) {
    stream.fetch(amount);
    return this;
  }

  @Override
  public PacketStream endHandler(Handler<Void> handler) {
    stream.endHandler(handler);
    return this;
  }

  @Override
  public PacketStream setWriteQueueMaxSize(int maxSize) {
    stream.setWriteQueueMaxSize(maxSize);
    return this;
  }

  @Override
  public boolean writeQueueFull() {
    return stream.writeQueueFull();
  }

  @Override
  public PacketStream drainHandler(Handler<Void> handler) {
    stream.drainHandler(handler);
    return this;
  }

  @Override
  public Future<Void> end() {
    return stream.end();
  }

  @Override
  public Future<Void> reset() {
    return stream.reset();
  }
}
