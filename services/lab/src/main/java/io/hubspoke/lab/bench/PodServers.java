package io.hubspoke.lab.bench;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.NetSocket;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a pod would serve, at the pod's address but in the process of the load: one that sends
 * without end, one that swallows, and an HTTP server.
 */
final class PodServers {
  static final int SOURCE = 9000;
  static final int SINK = 9001;
  static final int HTTP = 9002;

  private static final Buffer BLOCK = Buffer.buffer(new byte[64 << 10]);

  private final AtomicLong swallowed = new AtomicLong();

  /** Listens at a pod's address, which is one of this machine. */
  Future<Void> listen(Vertx vertx, String address) {
    return Future.all(
            vertx.createNetServer().connectHandler(PodServers::send).listen(SOURCE, address),
            vertx.createNetServer().connectHandler(this::swallow).listen(SINK, address),
            vertx.createHttpServer().requestHandler(PodServers::answer).listen(HTTP, address))
        .mapEmpty();
  }

  /** Returns how many bytes came to the one that swallows. */
  long swallowed() {
    return swallowed.get();
  }

  /** Writes blocks as long as they are taken. */
  static void fill(WriteStream<Buffer> stream) {
    while (!stream.writeQueueFull()) {
      if (stream.write(BLOCK).failed()) {
        return; // it has ended, and is never full again
      }
    }
    stream.drainHandler(v -> fill(stream));
  }

  private static void send(NetSocket socket) {
    socket.setWriteQueueMaxSize(256 << 10);
    fill(socket);
    socket.exceptionHandler(gone -> socket.drainHandler(null));
  }

  private void swallow(NetSocket socket) {
    socket.handler(bytes -> swallowed.addAndGet(bytes.length()));
  }

  private static void answer(HttpServerRequest request) {
    if (request.path().equals("/zeros")) {
      var response = request.response().setChunked(true).setWriteQueueMaxSize(256 << 10);
      response.exceptionHandler(gone -> response.drainHandler(null));
      fill(response);
    } else {
      request.response().end("ok\n").otherwiseEmpty();
    }
  }
}
