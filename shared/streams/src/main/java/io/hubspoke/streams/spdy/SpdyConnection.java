package io.hubspoke.streams.spdy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.net.NetSocketInternal;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A SPDY/3.1 connection, at either end. Its work is done on one event loop, where its handlers and
 * those of its streams are called; its methods and theirs may be called from anywhere.
 */
public final class SpdyConnection {

  /** Which end this is: it decides who opens streams with which numbers (2.3.2). */
  public enum Role {
    CLIENT,
    SERVER
  }

  private static final int GOAWAY_OK = 0;
  private static final int GOAWAY_PROTOCOL_ERROR = 1;

  final SpdyLimits limits;
  private final ContextInternal context;
  private final SpdyTransport transport;
  private final Role role;
  private final Handler<SpdyStream> accept;
  private final FrameWriter writer;
  private final FrameReader reader = new FrameReader(new Frames());
  private final HeaderDecoder headersIn = new HeaderDecoder();
  private final IntObjectMap<SpdyStream> streams = new IntObjectHashMap<>(8);
  private final Promise<Void> closed;
  private int nextStream;
  private int lastRemoteStream;
  private int unknownStream;
  private int remoteStreams;
  private int fullStreams;
  private boolean repliesWait;
  private boolean receiving;
  private boolean goneAway;
  private boolean ended;
  private long lastActivity = System.nanoTime();

  private SpdyConnection(
      ContextInternal context,
      SpdyTransport transport,
      Role role,
      SpdyLimits limits,
      Handler<SpdyStream> accept) {
    this.context = context;
    this.transport = transport;
    this.role = role;
    this.limits = limits;
    this.accept = accept;
    this.writer = new FrameWriter(transport);
    this.closed = context.promise();
    this.nextStream = role == Role.CLIENT ? 1 : 2;
  }

  /**
   * Speaks SPDY over a socket that has left HTTP, TLS or not, on the socket's own event loop.
   *
   * <p>It puts a handler right before the pipeline's {@code handler}: to tunnel SPDY through
   * something else, such as WebSocket messages, put a handler of yours before it that unwraps what
   * is read and wraps what is written. Nothing may have been read before this is called.
   *
   * @param socket called on its event loop
   * @param accept gets each stream that the peer opens, on the event loop; it must {@link
   *     SpdyStream#accept()} or {@link SpdyStream#reset()} it
   */
  public static SpdyConnection over(
      Vertx vertx,
      NetSocketInternal socket,
      Role role,
      SpdyLimits limits,
      Handler<SpdyStream> accept) {
    return over(vertx, socket.channelHandlerContext().channel(), role, limits, accept);
  }

  static SpdyConnection over(
      Vertx vertx, Channel channel, Role role, SpdyLimits limits, Handler<SpdyStream> accept) {
    ContextInternal context =
        ((VertxInternal) vertx).contextBuilder().withEventLoop(channel.eventLoop()).build();
    SpdyTransport transport = new SpdyTransport(channel.pipeline());
    SpdyConnection connection = new SpdyConnection(context, transport, role, limits, accept);
    transport.begin(connection.new Bytes());
    return connection;
  }

  /**
   * Opens a stream.
   *
   * @param headers names are sent in lower case
   * @return the stream, once the peer has accepted it: before that some peers drop what is sent
   */
  public Future<SpdyStream> open(Map<String, String> headers) {
    Promise<SpdyStream> opened = context.promise();
    onLoop(
        () -> {
          if (ended || goneAway || nextStream < 0) {
            opened.fail(new SpdyException("the connection opens no more streams"));
            return;
          }
          SpdyStream stream = new SpdyStream(this, context, nextStream, headers, opened);
          nextStream += 2;
          streams.put(stream.id(), stream);
          writer.synStream(stream.id(), headers);
          flush();
        });
    return opened.future();
  }

  /** Tells the peer that it is over and closes, after what was written. */
  public void close() {
    onLoop(() -> goAway(GOAWAY_OK, new SpdyException("the connection was closed")));
  }

  /**
   * Closes once the peer has, or when this has passed. Clients that read frames and consume them in
   * different threads lose what they haven't consumed when the connection ends beneath it.
   */
  public void closeAfterPeer(Duration grace) {
    onLoop(
        () -> {
          if (!ended) {
            long timer = context.setTimer(grace.toMillis(), id -> close());
            closed.future().onComplete(v -> context.owner().cancelTimer(timer));
          }
        });
  }

  /** Closes it when no byte has come or gone for so long; zero for never. */
  public void closeWhenIdle(Duration idle) {
    if (idle.isPositive()) {
      onLoop(() -> checkIdle(idle));
    }
  }

  private void checkIdle(Duration idle) {
    if (ended) {
      return;
    }
    long left = idle.toNanos() - (System.nanoTime() - lastActivity);
    if (left <= 0) {
      goAway(GOAWAY_OK, new SpdyException("the connection was idle"));
      return;
    }
    long timer = context.setTimer(Math.max(1, left / 1_000_000), id -> checkIdle(idle));
    closed.future().onComplete(v -> context.owner().cancelTimer(timer));
  }

  /** Completes when the connection has ended, however it did. */
  public Future<Void> closed() {
    return closed.future();
  }

  private void goAway(int status, SpdyException why) {
    if (!ended) {
      writer.goAway(lastRemoteStream, status);
      end(why);
      transport.close();
    }
  }

  private void end(Throwable cause) {
    if (ended) {
      return;
    }
    ended = true;
    reader.close();
    for (SpdyStream stream : List.copyOf(streams.values())) {
      stream.lost(cause == null ? new SpdyException("the connection was lost") : cause);
    }
    streams.clear();
    closed.complete();
  }

  // What streams ask of it, on the event loop.

  boolean inLoop() {
    return context.nettyEventLoop().inEventLoop();
  }

  /** Runs it on the event loop, after what is to run there already. */
  void later(Runnable task) {
    context.nettyEventLoop().execute(task);
  }

  void onLoop(Runnable task) {
    if (inLoop()) {
      task.run();
    } else {
      context.nettyEventLoop().execute(task);
    }
  }

  boolean isWritable() {
    return transport.isWritable();
  }

  void reply(SpdyStream stream) {
    writer.synReply(stream.id(), Map.of());
    flush();
  }

  void write(SpdyStream stream, ByteBuf bytes, boolean fin, Promise<Void> done) {
    lastActivity = System.nanoTime();
    writer.data(stream.id(), bytes, fin, done);
    flush();
  }

  void reset(SpdyStream stream, SpdyStatus status) {
    if (!ended) {
      resetStream(stream.id(), status);
    }
    forget(stream);
  }

  void forget(SpdyStream stream) {
    if (streams.remove(stream.id()) != null && isRemote(stream.id())) {
      remoteStreams--;
    }
  }

  void full(boolean full) {
    fullStreams += full ? 1 : -1;
    updateReading();
  }

  private void resetStream(int id, SpdyStatus status) {
    writer.rstStream(id, status);
    replied();
  }

  /**
   * Flushes a frame that the peer drew from us. One that sends such frames and doesn't read the
   * answers is not read any more until it does.
   */
  private void replied() {
    flush();
    if (!transport.isWritable()) {
      repliesWait = true;
      updateReading();
    }
  }

  private void flush() {
    if (!receiving) {
      transport.flush();
    }
  }

  private void updateReading() {
    if (!ended) {
      transport.setReading(fullStreams == 0 && !repliesWait);
    }
  }

  private boolean isRemote(int id) {
    return (id & 1) == (role == Role.SERVER ? 1 : 0);
  }

  private final class Bytes implements SpdyTransport.Events {

    @Override
    public void received(ByteBuf bytes) {
      if (ended) {
        return;
      }
      lastActivity = System.nanoTime();
      receiving = true;
      try {
        reader.read(bytes);
      } catch (SpdyException e) {
        goAway(GOAWAY_PROTOCOL_ERROR, e);
      }
    }

    @Override
    public void received() {
      receiving = false;
      if (!ended) {
        transport.flush();
      }
    }

    @Override
    public void writable() {
      if (ended) {
        return;
      }
      repliesWait = false;
      updateReading();
      for (SpdyStream stream : List.copyOf(streams.values())) {
        stream.drained();
      }
    }

    @Override
    public void ended(Throwable cause) {
      end(cause);
    }
  }

  private final class Frames implements FrameReader.Handler {

    @Override
    public void data(int id, ByteBuf data, boolean fin) {
      if (ended) {
        return;
      }
      SpdyStream stream = streams.get(id);
      if (stream == null) {
        unknown(id);
      } else if (!stream.isAccepted()) {
        stream.fail(SpdyStatus.PROTOCOL_ERROR, "data came before the reply");
      } else if (stream.hasRemoteEnded()) {
        stream.fail(SpdyStatus.STREAM_ALREADY_CLOSED, "data came after the end");
      } else {
        stream.received(data, fin);
      }
    }

    /** Answers data of a stream that never was; one that has ended here may have some under way. */
    private void unknown(int id) {
      if (id != unknownStream && (isRemote(id) ? id > lastRemoteStream : id >= nextStream)) {
        unknownStream = id;
        resetStream(id, SpdyStatus.INVALID_STREAM);
      }
    }

    @Override
    public void control(int type, int flags, ByteBuf payload) throws SpdyException {
      if (ended) {
        return;
      }
      boolean fin = (flags & FrameReader.FIN) != 0;
      switch (type) {
        case FrameReader.SYN_STREAM -> {
          int id = id(payload, 10);
          payload.skipBytes(6);
          synStream(id, fin, headers(payload));
        }
        case FrameReader.SYN_REPLY -> {
          SpdyStream stream = streams.get(id(payload, 4));
          headers(payload);
          if (stream != null) {
            stream.replied(fin);
          }
        }
        case FrameReader.HEADERS -> {
          SpdyStream stream = streams.get(id(payload, 4));
          headers(payload);
          if (stream != null && fin && !stream.hasRemoteEnded()) {
            stream.received(payload.readSlice(0), true);
          }
        }
        case FrameReader.RST_STREAM -> {
          SpdyStream stream = streams.get(id(payload, 8));
          int status = payload.readInt();
          if (stream != null) {
            forget(stream);
            stream.lost(new SpdyException("the stream was reset: " + SpdyStatus.name(status)));
          }
        }
        case FrameReader.PING -> ping(word(payload, 4));
        case FrameReader.GOAWAY -> goneAway(word(payload, 8) & 0x7fffffff);
        default -> {} // SETTINGS, WINDOW_UPDATE: nothing here depends on them.
      }
    }

    private void synStream(int id, boolean fin, Map<String, String> headers) throws SpdyException {
      if (!isRemote(id) || id <= lastRemoteStream) {
        throw new SpdyException("stream " + id + " opened after " + lastRemoteStream);
      }
      lastRemoteStream = id;
      if (remoteStreams >= limits.streams() || goneAway) {
        resetStream(id, SpdyStatus.REFUSED_STREAM);
        return;
      }
      remoteStreams++;
      SpdyStream stream = new SpdyStream(SpdyConnection.this, context, id, headers, null);
      streams.put(id, stream);
      context.emit(stream, accept);
      if (fin && !stream.hasRemoteEnded()) {
        stream.received(Unpooled.EMPTY_BUFFER, true);
      }
    }

    private Map<String, String> headers(ByteBuf payload) throws SpdyException {
      return headersIn.decode(ByteBufUtil.getBytes(payload));
    }

    private void ping(int id) {
      // Odd ones are the client's (2.6.5); what answers ours is not asked for.
      if (isRemote(id)) {
        writer.ping(id);
        replied();
      }
    }

    private void goneAway(int lastGood) {
      goneAway = true;
      for (SpdyStream stream : List.copyOf(streams.values())) {
        if (!isRemote(stream.id()) && stream.id() > lastGood) {
          forget(stream);
          stream.lost(new SpdyException("the peer goes away"));
        }
      }
    }

    private int id(ByteBuf payload, int length) throws SpdyException {
      int id = word(payload, length) & 0x7fffffff;
      if (id == 0) {
        throw new SpdyException("a frame of stream 0");
      }
      return id;
    }

    private int word(ByteBuf payload, int length) throws SpdyException {
      if (payload.readableBytes() < length) {
        throw new SpdyException("a control frame of " + payload.readableBytes() + " bytes");
      }
      return payload.readInt();
    }
  }
}
