package io.hubspoke.streams.spdy;

import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.hubspoke.testing.Await;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server's connection for each client that comes, and a client's, over loopback sockets. */
final class SpdyPair {
  final Vertx vertx;
  final BlockingQueue<SpdyStream> accepted = new LinkedBlockingQueue<>();
  private final Promise<SpdyConnection> serverSide = Promise.promise();
  private final NetServer server;
  private final NetClient client;

  SpdyPair(Vertx vertx, SpdyLimits limits) throws Exception {
    this.vertx = vertx;
    this.client = vertx.createNetClient();
    this.server =
        vertx
            .createNetServer()
            .connectHandler(
                socket ->
                    serverSide.tryComplete(
                        SpdyConnection.over(
                            vertx,
                            (NetSocketInternal) socket,
                            Role.SERVER,
                            limits,
                            stream -> {
                              stream.accept();
                              accepted.add(stream);
                            })));
    Await.result(server.listen(0, "127.0.0.1"));
  }

  SpdyConnection connect() throws Exception {
    return connect(SpdyStream::reset);
  }

  SpdyConnection connect(Handler<SpdyStream> accept) throws Exception {
    return Await.result(
        client
            .connect(server.actualPort(), "127.0.0.1")
            .map(
                socket ->
                    SpdyConnection.over(
                        vertx,
                        (NetSocketInternal) socket,
                        Role.CLIENT,
                        SpdyLimits.DEFAULT,
                        accept)));
  }

  /** Connects to the server without a protocol. */
  NetSocket connectRaw() throws Exception {
    return Await.result(client.connect(server.actualPort(), "127.0.0.1"));
  }

  SpdyConnection serverSide() throws Exception {
    return Await.result(serverSide.future());
  }

  SpdyStream accepted() throws InterruptedException {
    SpdyStream stream = accepted.poll(20, TimeUnit.SECONDS);
    if (stream == null) {
      throw new AssertionError("no stream was opened");
    }
    return stream;
  }

  void close() throws Exception {
    Await.result(client.close());
    Await.result(server.close());
  }
}
