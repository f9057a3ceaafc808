package io.hubspoke.streams.spdy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.Promise;

/**
 * An upgraded socket's channel: takes its bytes before Vert.x would copy and dispatch them, and
 * writes past its queues.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails of a write or close ends the channel
final class SpdyTransport extends ChannelInboundHandlerAdapter {
  /** What it tells the connection, on the event loop. */
  interface Events {

    /** Bytes came; what is not retained is gone after the call. */
    void received(ByteBuf bytes);

    /** No more come for now: what was written meanwhile can be flushed. */
    void received();

    void writable();

    /** The transport has ended, for this reason or null. */
    void ended(Throwable cause);
  }

  private final ChannelPipeline pipeline;
  private Events events;
  private ChannelHandlerContext channel;
  private boolean reading = true;
  private boolean ended;

  SpdyTransport(ChannelPipeline pipeline) {
    this.pipeline = pipeline;
  }

  /** Takes its place in the pipeline. */
  void begin(Events events) {
    this.events = events;
    if (pipeline.get("idle") != null) {
      // The HTTP server's; a quiet stream is not an idle request.
      pipeline.remove("idle");
    }
    if (pipeline.get("handler") == null) {
      end(null);
    } else {
      pipeline.addBefore("handler", "spdy", this);
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    channel = context;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof ByteBuf bytes) {
        events.received(bytes);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    events.received();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (context.channel().isWritable()) {
      events.writable();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    end(null);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    end(cause);
    context.close();
  }

  private void end(Throwable cause) {
    if (!ended) {
      ended = true;
      events.ended(cause);
    }
  }

  /** Makes a buffer to be written. */
  ByteBuf buffer(int capacity) {
    return channel.alloc().directBuffer(capacity);
  }

  /**
   * Writes and owns the bytes.
   *
   * @param done null when nobody waits
   */
  void write(ByteBuf bytes, Promise<Void> done) {
    if (done == null) {
      channel.write(bytes, channel.voidPromise());
      return;
    }
    channel
        .write(bytes)
        .addListener(
            sent -> {
              if (sent.isSuccess()) {
                done.complete();
              } else {
                done.fail(sent.cause());
              }
            });
  }

  void flush() {
    channel.flush();
  }

  /** Tells whether less is waiting to be sent than should; on any thread. */
  boolean isWritable() {
    return channel.channel().isWritable();
  }

  /** Reads, or lets what comes wait at the peer. */
  void setReading(boolean reading) {
    if (this.reading != reading) {
      this.reading = reading;
      channel.channel().config().setAutoRead(reading);
    }
  }

  /** Closes it after what was written. */
  void close() {
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }
}
