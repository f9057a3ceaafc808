package io.hubspoke.testing;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A gRPC call, either end of it, message by message: what a peer sends that is none of ours. It
 * reads all that comes and knows nothing of the messages.
 */
public final class RawGrpcCall {
  private static final long LIMIT_SECONDS = 20;
  private static final int FRAME = 5;

  private final HttpConnection connection;
  private final WriteStream<Buffer> out;
  private final Runnable cancel;
  private final CompletableFuture<MultiMap> headers = new CompletableFuture<>();
  private final CompletableFuture<String> ended = new CompletableFuture<>();
  private final BlockingQueue<Buffer> messages = new LinkedBlockingQueue<>();
  private ReadStream<Buffer> in;
  private Buffer rest = Buffer.buffer();

  private RawGrpcCall(HttpConnection connection, WriteStream<Buffer> out, Runnable cancel) {
    this.connection = connection;
    this.out = out;
    this.cancel = cancel;
    out.exceptionHandler(gone -> ended.complete("reset"));
  }

  /**
   * Calls a server.
   *
   * @param options path, and what is said in headers
   */
  public static Future<RawGrpcCall> open(HttpClient client, RequestOptions options) {
    return client
        .request(options)
        .compose(
            request -> {
              var call =
                  new RawGrpcCall(
                      request.connection(), request, () -> request.reset(8).otherwiseEmpty());
              request
                  .setChunked(true)
                  .putHeader("content-type", "application/grpc")
                  .putHeader("te", "trailers");
              request
                  .response()
                  .onSuccess(
                      response -> {
                        call.headers.complete(response.headers());
                        call.read(response, () -> status(response.headers(), response.trailers()));
                      })
                  .onFailure(call::failed);
              return request.sendHead().map(sent -> call);
            });
  }

  /** Takes a call that a server has got, and answers with these headers at once. */
  public static RawGrpcCall accept(HttpServerRequest request, MultiMap answer) {
    var response = request.response();
    var call =
        new RawGrpcCall(request.connection(), response, () -> response.reset(8).otherwiseEmpty());
    response.headers().addAll(answer).add("content-type", "application/grpc");
    response.putTrailer("grpc-status", "0");
    call.headers.complete(request.headers());
    call.read(request, () -> "OK");
    response.writeHead().otherwiseEmpty();
    return call;
  }

  private static String status(MultiMap headers, MultiMap trailers) {
    var from = headers.contains("grpc-status") ? headers : trailers;
    var code = from.get("grpc-status");
    return "0".equals(code) ? "OK" : "status " + code + ": " + from.get("grpc-message");
  }

  private void failed(Throwable cause) {
    headers.completeExceptionally(cause);
    ended.complete("reset");
  }

  private void read(ReadStream<Buffer> from, Supplier<String> status) {
    in = from;
    from.exceptionHandler(gone -> ended.complete("reset"));
    from.endHandler(v -> ended.complete(status.get()));
    from.handler(this::received);
  }

  private void received(Buffer bytes) {
    rest.appendBuffer(bytes);
    while (rest.length() >= FRAME && rest.length() >= FRAME + rest.getInt(1)) {
      var end = FRAME + rest.getInt(1);
      messages.add(rest.getBuffer(FRAME, end));
      rest = rest.getBuffer(end, rest.length());
    }
  }

  /** Returns the connection that carries it. */
  public HttpConnection connection() {
    return connection;
  }

  /** Returns what the other end has said in its headers. */
  public MultiMap headers() throws Exception {
    return headers.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  /** Sends a message. */
  public Future<Void> send(byte[] message) {
    return out.write(
        Buffer.buffer().appendByte((byte) 0).appendInt(message.length).appendBytes(message));
  }

  /** Returns the next message. */
  public Buffer next() throws InterruptedException {
    var next = messages.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError(
          "no message within %d s; ended: %s".formatted(LIMIT_SECONDS, ended.getNow("no")));
    }
    return next;
  }

  /** Returns the next message if it is there already, or null. */
  public Buffer poll() {
    return messages.poll();
  }

  /** Reads nothing for now. */
  public void pause() {
    in.pause();
  }

  public void resume() {
    in.resume();
  }

  /** Says its last. */
  public void end() {
    out.end().otherwiseEmpty();
  }

  /** Gives the call up. */
  public void cancel() {
    cancel.run();
  }

  /** Returns whether the other end has said its last. */
  public boolean isEnded() {
    return ended.isDone();
  }

  /** Waits until the other end has said its last; returns OK, its status, or reset. */
  public String ended() throws Exception {
    return ended.get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }
}
