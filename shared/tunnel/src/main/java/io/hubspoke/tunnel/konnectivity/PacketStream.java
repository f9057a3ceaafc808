package io.hubspoke.tunnel.konnectivity;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;

/**
 * Packets both ways, each way in order: a call of either service. Everything of it is called on the
 * event loop of one context, and calls back there. It is paused at first.
 */
public interface PacketStream extends ReadStream<Packet>, WriteStream<Packet> {

  @Override
  PacketStream exceptionHandler(Handler<Throwable> handler);

  @Override
  PacketStream handler(Handler<Packet> handler);

  @Override
  PacketStream pause();

  @Override
  PacketStream resume();

  @Override
  PacketStream fetch(long amount);

  @Override
  PacketStream endHandler(Handler<Void> handler);

  @Override
  PacketStream setWriteQueueMaxSize(int maxSize);

  @Override
  PacketStream drainHandler(Handler<Void> handler);

  /** Ends both ways at once; what is under way may be lost. */
  Future<Void> reset();
}
