package io.hubspoke.streams.websocket;

import static io.hubspoke.streams.websocket.WebSocketException.protocolError;

import io.hubspoke.streams.Pipe;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.base64.Base64;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * An end of a WebSocket that carries numbered channels. The socket isn't read while a channel's
 * reader is behind by more than a {@link Pipe} holds.
 */
final class ChannelConnection extends WebSocketHandler {
  /** The first byte of the message that ends a channel, whose number is the second. */
  static final int CLOSE_CHANNEL = 255;

  private static final int MAX_MESSAGE = 1 << 16;

  private final VertxInternal vertx;
  private final ChannelProtocol protocol;
  private final Pipe[] incoming;
  private final Promise<Void> closed = Promise.promise();
  private ContextInternal streams;
  private Message message = Message.NOTHING;
  private int full;
  private boolean finishing;

  /** What the rest of a message is, by its first byte. */
  private enum Message {
    NOTHING,
    DATA,
    CLOSE_CHANNEL,
    IGNORED
  }

  private int channel;
  private Base64Decoder base64;

  /**
   * Makes an end whose {@link #incoming} channels are none as yet.
   *
   * @param channels how many there are, both ways
   */
  ChannelConnection(Vertx vertx, boolean client, ChannelProtocol protocol, int channels) {
    super(client);
    this.vertx = (VertxInternal) vertx;
    this.protocol = protocol;
    this.incoming = new Pipe[channels];
  }

  ChannelProtocol protocol() {
    return protocol;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    super.handlerAdded(context);
    streams = vertx.contextBuilder().withEventLoop(context.channel().eventLoop()).build();
  }

  /** Returns the context on which handlers of channels are called. */
  ContextInternal streams() {
    return streams;
  }

  /** Lets the channel be read; what comes on others is dropped. Called before anything is read. */
  Pipe incoming(int number) {
    Pipe pipe = new Pipe(streams);
    pipe.sink().drainHandler(v -> drained());
    incoming[number] = pipe;
    return pipe;
  }

  WriteStream<Buffer> outgoing(int number) {
    return new OutgoingChannel(this, number);
  }

  Future<Void> closed() {
    return closed.future();
  }

  @Override
  public void data(boolean first, boolean last, ByteBuf payload) {
    try {
      if (first) {
        message = Message.NOTHING;
      }
      if (!finishing && message == Message.NOTHING && payload.isReadable()) {
        begin(payload.readUnsignedByte());
      }
      switch (message) {
        case NOTHING, IGNORED -> {}
        case CLOSE_CHANNEL -> closeChannel(last, payload);
        case DATA -> deliver(last, payload);
      }
    } finally {
      payload.release();
    }
  }

  private void begin(int number) {
    if (protocol.closesChannels() && number == CLOSE_CHANNEL) {
      message = Message.CLOSE_CHANNEL;
      channel = -1;
      return;
    }
    channel = protocol.base64() ? number - '0' : number;
    // A channel that was not asked for, or is none: the real server passes over it.
    message =
        channel < 0 || channel >= incoming.length || incoming[channel] == null
            ? Message.IGNORED
            : Message.DATA;
    base64 = protocol.base64() ? new Base64Decoder() : null;
  }

  private void closeChannel(boolean last, ByteBuf payload) {
    if (channel < 0 && payload.isReadable()) {
      channel = payload.readUnsignedByte();
    }
    if (payload.isReadable() || (last && channel < 0)) {
      throw protocolError("one channel's number follows the signal that it has ended");
    }
    if (!last) {
      return;
    }
    if (channel >= incoming.length) {
      throw protocolError("there is no channel " + channel + " that could end");
    }
    if (incoming[channel] != null) {
      incoming[channel].sink().end().otherwiseEmpty();
    }
  }

  private void deliver(boolean last, ByteBuf payload) {
    byte[] bytes = new byte[payload.readableBytes()];
    payload.readBytes(bytes);
    if (base64 != null) {
      bytes = base64.decode(bytes, last);
    }
    if (bytes.length == 0 || finishing) {
      return;
    }
    WriteStream<Buffer> sink = incoming[channel].sink();
    boolean wasFull = sink.writeQueueFull();
    // A reader that has gone: the rest is dropped, as nobody can say so to the client.
    sink.write(Buffer.buffer(bytes)).otherwiseEmpty();
    if (!wasFull && sink.writeQueueFull()) {
      full++;
      context().channel().config().setAutoRead(false);
    }
  }

  private void drained() {
    if (context().executor().inEventLoop()) {
      if (--full == 0) {
        context().channel().config().setAutoRead(true);
      }
    } else {
      context().executor().execute(this::drained);
    }
  }

  /** Sends one message; called on the event loop. */
  ChannelFuture send(int number, ByteBuf payload) {
    if (!protocol.base64()) {
      return send(FrameReader.BINARY, number, payload);
    }
    ByteBuf text = Base64.encode(payload, false);
    payload.release();
    return send(FrameReader.TEXT, '0' + number, text);
  }

  /** Sends data in messages that any client takes. */
  ChannelFuture sendAll(int number, Buffer data) {
    ByteBuf bytes = ((BufferInternal) data).getByteBuf().asReadOnly();
    while (bytes.readableBytes() > MAX_MESSAGE) {
      var _ = send(number, bytes.readRetainedSlice(MAX_MESSAGE));
    }
    return send(number, bytes);
  }

  /** Sends the signal that the channel has ended, where the protocol has one. */
  void endChannel(int number) {
    if (protocol.closesChannels()) {
      var _ =
          send(FrameReader.BINARY, CLOSE_CHANNEL, context().alloc().buffer(1).writeByte(number));
    }
  }

  /** Runs it on the event loop, after what is to run there already. */
  void later(Runnable task) {
    streams.nettyEventLoop().execute(task);
  }

  void onEventLoop(Handler<Void> task) {
    if (context().executor().inEventLoop()) {
      task.handle(null);
    } else {
      context().executor().execute(() -> task.handle(null));
    }
  }

  /** Ends the connection; what was sent before arrives before. */
  void finish() {
    onEventLoop(
        v -> {
          finishing = true;
          for (Pipe pipe : incoming) {
            if (pipe != null) {
              pipe.abandon();
            }
          }
          sendClose(NORMAL, "");
        });
  }

  @Override
  void closed(int code, String reason) {
    for (Pipe pipe : incoming) {
      if (pipe != null) {
        end(pipe, code, reason);
      }
    }
    full = 0;
    if (code == NORMAL || code == FrameReader.NO_CODE) {
      closed.tryComplete();
    } else {
      closed.tryFail(describe(code, reason));
    }
  }

  private static void end(Pipe pipe, int code, String reason) {
    if (code == NORMAL || code == FrameReader.NO_CODE) {
      pipe.sink().end().otherwiseEmpty();
    } else {
      pipe.fail(describe(code, reason));
    }
  }

  private static IOException describe(int code, String reason) {
    return new IOException("websocket: close " + code + (reason.isEmpty() ? "" : ": " + reason));
  }

  /** Keeps what is no whole group of four yet. */
  static final class Base64Decoder {
    private byte[] kept = {};

    byte[] decode(byte[] more, boolean last) {
      byte[] all = new byte[kept.length + more.length];
      System.arraycopy(kept, 0, all, 0, kept.length);
      System.arraycopy(more, 0, all, kept.length, more.length);
      int whole = last ? all.length : all.length & ~3;
      kept = java.util.Arrays.copyOfRange(all, whole, all.length);
      try {
        if (last && whole % 4 != 0) {
          throw new IllegalArgumentException("its length is no multiple of four");
        }
        return java.util.Base64.getDecoder()
            .decode(new String(all, 0, whole, StandardCharsets.ISO_8859_1));
      } catch (IllegalArgumentException e) {
        throw new WebSocketException(
            WebSocketException.INVALID_PAYLOAD, "not base64: " + e.getMessage());
      }
    }
  }
}
