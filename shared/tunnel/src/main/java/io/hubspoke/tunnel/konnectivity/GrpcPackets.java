package io.hubspoke.tunnel.konnectivity;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.util.Optional;

/**
 * The packets of a gRPC call, either end of it. It is HTTP/2 with the framing done here, as
 * Vert.x's own gRPC copies each message both ways.
 */
public final class GrpcPackets implements PacketStream {
  /** What clients of a server call. */
  public static final String PROXY = "/ProxyService/Proxy";

  /** What agents call. */
  public static final String CONNECT = "/AgentService/Connect";

  private static final String TYPE = "application/grpc";
  private static final String STATUS = "grpc-status";
  private static final String MESSAGE = "grpc-message";

  /** Bytes on their way to the connection before a writer should wait. */
  private static final int CAPACITY = 1 << 18;

  /** HTTP/2's code of a stream that is no longer needed (RFC 9113 section 7). */
  private static final long CANCEL = 8;

  /** How an end says that it is at its end, or breaks off. */
  private interface Call {
    Future<Void> end(int status, String message);

    Future<Void> reset();
  }

  private final WriteStream<Buffer> out;
  private final Call call;
  private final Promise<MultiMap> headers = Promise.promise();
  private final GrpcFrames frames = new GrpcFrames();
  private PacketObserver observer = PacketObserver.NONE;
  private ReadStream<Buffer> in;
  private boolean inEnded;
  private boolean outEnded;
  private boolean over;
  private boolean delivering;
  private long demand;
  private Future<Void> lastWrite = Future.succeededFuture();
  private Throwable failure;
  private Handler<Packet> handler = packet -> {};
  private Handler<Void> endHandler = v -> {};
  private Handler<Throwable> exceptionHandler = e -> {};

  private GrpcPackets(WriteStream<Buffer> out, Call call) {
    this.out = out;
    this.call = call;
    out.setWriteQueueMaxSize(CAPACITY);
    out.exceptionHandler(this::fail);
    headers.future().otherwiseEmpty();
  }

  /**
   * Calls.
   *
   * @param request not sent yet, on the context that uses the packets
   * @param path {@link #PROXY} or {@link #CONNECT}
   */
  public static GrpcPackets call(HttpClientRequest request, String path) {
    request.setMethod(HttpMethod.POST).setURI(path).setChunked(true);
    request.putHeader("content-type", TYPE).putHeader("te", "trailers");
    var packets = new GrpcPackets(request, new ClientCall(request));
    request.response().onComplete(packets::answered, packets::fail);
    request.sendHead().onFailure(packets::fail);
    return packets;
  }

  /**
   * Answers a call; the packets are used on the context of the request. Its headers are sent with
   * the first packet, or by {@link #writeHead}.
   */
  public static GrpcPackets answer(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    response.putHeader("content-type", TYPE);
    var packets = new GrpcPackets(response, new ServerCall(response));
    packets.headers.complete(request.headers());
    packets.read(request);
    return packets;
  }

  /** Answers a call with an error and nothing else. */
  public static void refuse(HttpServerRequest request, GrpcException error) {
    HttpServerResponse response = request.response().exceptionHandler(gone -> {});
    response
        .putHeader("content-type", TYPE)
        .putHeader(STATUS, Integer.toString(error.status()))
        .putHeader(MESSAGE, percentEncoded(error.getMessage()))
        .end()
        .otherwiseEmpty();
  }

  /** Returns whether a request is a gRPC call at all. */
  public static boolean isCall(HttpServerRequest request) {
    String type = request.getHeader("content-type");
    return request.method().equals(HttpMethod.POST)
        && type != null
        && (type.equals(TYPE) || type.startsWith(TYPE + "+") || type.startsWith(TYPE + ";"));
  }

  /** Has somebody told of each packet. */
  public GrpcPackets observed(PacketObserver by) {
    observer = by;
    return this;
  }

  /** Returns what the other end says of itself; fails when the call does before that. */
  public Future<MultiMap> headers() {
    return headers.future();
  }

  private void answered(HttpClientResponse response) {
    // Also of one that is not read any further.
    response.exceptionHandler(this::fail);
    String type = response.getHeader("content-type");
    if (response.statusCode() != 200 || type == null || !type.startsWith(TYPE)) {
      reset().otherwiseEmpty();
      fail(new IOException("no gRPC server: HTTP status " + response.statusCode()));
      return;
    }
    if (response.getHeader(STATUS) != null) {
      // Trailers without anything before them.
      ended(response.headers());
      return;
    }
    headers.tryComplete(response.headers());
    read(response);
  }

  private void read(ReadStream<Buffer> from) {
    in = from;
    in.handler(this::received);
    in.exceptionHandler(this::fail);
    in.endHandler(
        v -> {
          if (from instanceof HttpClientResponse response) {
            ended(response.trailers());
          } else {
            inEnded = true;
            deliver();
          }
        });
    if (demand == 0) {
      in.pause();
    }
  }

  private void ended(MultiMap trailers) {
    // A server that has said its last reads no more.
    String status = trailers.get(STATUS);
    if (!"0".equals(status)) {
      String message = trailers.get(MESSAGE);
      IOException error =
          status == null
              ? new IOException("the call ended without a status")
              : new GrpcException(number(status), message == null ? "" : decoded(message));
      headers.tryFail(error);
      failure = error;
    }
    headers.tryFail(new IOException("the call ended at once"));
    inEnded = true;
    deliver();
  }

  private void received(Buffer bytes) {
    frames.add(bytes);
    deliver();
  }

  private void deliver() {
    if (delivering) {
      return;
    }
    delivering = true;
    try {
      while (demand > 0 && !over) {
        Buffer message = frames.next();
        if (message == null) {
          break;
        }
        Optional<Packet> packet = PacketCodec.decode(message);
        if (packet.isPresent()) {
          demand -= demand == Long.MAX_VALUE ? 0 : 1;
          observer.received(packet.get());
          handler.handle(packet.get());
        }
      }
    } catch (IOException e) {
      refuseMore(e);
    } finally {
      delivering = false;
    }
    if (inEnded && demand > 0 && !over) {
      over = true;
      if (failure == null) {
        endHandler.handle(null);
      } else {
        exceptionHandler.handle(failure);
      }
    }
  }

  private void refuseMore(IOException error) {
    int status = error instanceof GrpcException grpc ? grpc.status() : GrpcException.UNKNOWN;
    end(status, error.getMessage()).otherwiseEmpty();
    fail(error);
  }

  private void fail(Throwable cause) {
    outEnded = true;
    // Vert.x throws at who pauses or resumes a call that is broken.
    inEnded = true;
    headers.tryFail(cause);
    if (!over) {
      over = true;
      exceptionHandler.handle(cause);
    }
  }

  /** Sends what this end says of itself, before any packet. */
  public Future<Void> writeHead(MultiMap metadata) {
    if (out instanceof HttpServerResponse response) {
      response.headers().addAll(metadata);
      return response.writeHead();
    }
    return Future.failedFuture("a client's head is sent with the call");
  }

  /** Ends the call with an error. */
  public Future<Void> end(GrpcException error) {
    return end(error.status(), error.getMessage());
  }

  private Future<Void> end(int status, String message) {
    if (outEnded) {
      return Future.succeededFuture();
    }
    outEnded = true;
    // Vert.x throws when a stream is closed over trailers that wait behind something.
    return lastWrite.compose(written -> call.end(status, message));
  }

  @Override
  public Future<Void> write(Packet packet) {
    if (outEnded) {
      return Future.failedFuture(new IOException("the call has ended"));
    }
    observer.sent(packet);
    ByteBuf frame = PacketCodec.encode(packet, GrpcFrames.PREFIX);
    frame.setInt(1, frame.readableBytes() - GrpcFrames.PREFIX);
    lastWrite = out.write(BufferInternal.buffer(frame));
    return lastWrite;
  }

  @Override
  public Future<Void> end() {
    return end(0, "");
  }

  @Override
  public Future<Void> reset() {
    outEnded = true;
    return call.reset();
  }

  @Override
  public boolean writeQueueFull() {
    return out.writeQueueFull();
  }

  @Override
  public GrpcPackets setWriteQueueMaxSize(int maxSize) {
    out.setWriteQueueMaxSize(maxSize);
    return this;
  }

  @Override
  public GrpcPackets drainHandler(Handler<Void> to) {
    out.drainHandler(to);
    return this;
  }

  @Override
  public GrpcPackets handler(Handler<Packet> to) {
    handler = to == null ? packet -> {} : to;
    return this;
  }

  @Override
  public GrpcPackets endHandler(Handler<Void> to) {
    endHandler = to == null ? v -> {} : to;
    return this;
  }

  @Override
  public GrpcPackets exceptionHandler(Handler<Throwable> to) {
    exceptionHandler = to == null ? e -> {} : to;
    return this;
  }

  @Override
  public GrpcPackets pause() {
    demand = 0;
    if (in != null && !inEnded) {
      in.pause();
    }
    return this;
  }

  @Override
  public GrpcPackets resume() {
    return fetch(Long.MAX_VALUE);
  }

  @Override
  public GrpcPackets fetch(long amount) {
    demand = demand + amount < 0 ? Long.MAX_VALUE : demand + amount;
    deliver();
    // Who is at its end may not be asked for more.
    if (in != null && !inEnded && demand > 0) {
      in.resume();
    }
    return this;
  }

  private static int number(String status) {
    try {
      return Integer.parseInt(status);
    } catch (NumberFormatException e) {
      return GrpcException.UNKNOWN;
    }
  }

  /** What gRPC says about messages in headers: printable ASCII, the rest percent-encoded. */
  private static String percentEncoded(String message) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : message.getBytes(UTF_8)) {
      if (b >= ' ' && b <= '~' && b != '%') {
        encoded.append((char) b);
      } else {
        encoded.append('%').append("%02X".formatted(b));
      }
    }
    return encoded.toString();
  }

  private static String decoded(String message) {
    try {
      return URLDecoder.decode(message.replace("+", "%2B"), UTF_8);
    } catch (IllegalArgumentException e) {
      return message;
    }
  }

  private record ClientCall(HttpClientRequest request) implements Call {
    @Override
    public Future<Void> end(int status, String message) {
      // A client has no status to tell.
      return status == 0 ? request.end() : reset();
    }

    @Override
    public Future<Void> reset() {
      return request.reset(CANCEL);
    }
  }

  private record ServerCall(HttpServerResponse response) implements Call {
    @Override
    public Future<Void> end(int status, String message) {
      if (response.ended() || response.closed()) {
        return Future.succeededFuture();
      }
      if (response.headWritten()) {
        response.putTrailer(STATUS, Integer.toString(status));
        if (!message.isEmpty()) {
          response.putTrailer(MESSAGE, percentEncoded(message));
        }
      } else {
        response.putHeader(STATUS, Integer.toString(status));
        if (!message.isEmpty()) {
          response.putHeader(MESSAGE, percentEncoded(message));
        }
      }
      return response.end();
    }

    @Override
    public Future<Void> reset() {
      return response.reset(CANCEL);
    }
  }
}
