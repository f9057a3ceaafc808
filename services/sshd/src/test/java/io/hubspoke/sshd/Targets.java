package io.hubspoke.sshd;

import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What can be reached through a tunnel: an echo, a source and a sink of bytes. */
final class Targets {
  static final Buffer CHUNK = Buffer.buffer(new byte[1 << 16]);

  private final Vertx vertx;
  final Set<NetSocket> open = ConcurrentHashMap.newKeySet();

  Targets(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Sends back what comes. */
  int echo() throws Exception {
    return listen(socket -> socket.pipeTo(socket));
  }

  /** Sends so many bytes and ends. */
  int source(long bytes) throws Exception {
    return listen(
        socket -> {
          socket.handler(ignored -> {});
          send(socket, bytes);
        });
  }

  private static void send(NetSocket socket, long left) {
    long rest = left;
    while (rest > 0 && !socket.writeQueueFull()) {
      int length = (int) Math.min(rest, CHUNK.length());
      socket.write(length == CHUNK.length() ? CHUNK : CHUNK.getBuffer(0, length));
      rest -= length;
    }
    if (rest == 0) {
      socket.end();
      return;
    }
    long later = rest;
    socket.drainHandler(v -> send(socket, later));
  }

  int listen(io.vertx.core.Handler<NetSocket> handler) throws Exception {
    return listen("127.0.0.1", handler);
  }

  int listen(String host, io.vertx.core.Handler<NetSocket> handler) throws Exception {
    NetServer server = vertx.createNetServer(new NetServerOptions().setHost(host).setPort(0));
    server.connectHandler(
        socket -> {
          open.add(socket);
          socket.closeHandler(v -> open.remove(socket));
          handler.handle(socket);
        });
    return Await.result(server.listen()).actualPort();
  }
}
