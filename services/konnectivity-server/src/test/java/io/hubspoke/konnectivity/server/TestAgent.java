package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.DuplexJoin;
import io.hubspoke.streams.SocketDuplex;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.konnectivity.AcceptingEnd;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.SocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** An agent that does what it must and no more. */
final class TestAgent {
  private static final int MAX_PENDING = 1000;

  final AtomicInteger dialled = new AtomicInteger();
  private final HttpClient client;
  private final NetClient sockets;
  private final Vertx vertx;
  private final MultiMap metadata;
  private MultiMap serverSaid;
  private AcceptingEnd end;
  private GrpcPackets packets;

  /**
   * @param keys null to show none
   * @param metadata what it says of itself
   */
  TestAgent(
      Vertx vertx, X509ExtendedKeyManager keys, X509ExtendedTrustManager trust, MultiMap metadata) {
    this.vertx = vertx;
    this.metadata = metadata;
    this.client =
        vertx.createHttpClient(
            Tls.connect(
                new HttpClientOptions()
                    .setProtocolVersion(HttpVersion.HTTP_2)
                    .setUseAlpn(true)
                    .setInitialSettings(new Http2Settings().setInitialWindowSize(4 << 20))
                    .setHttp2ConnectionWindowSize(Integer.MAX_VALUE),
                keys,
                trust));
    this.sockets = vertx.createNetClient();
  }

  static MultiMap named(String id) {
    return MultiMap.caseInsensitiveMultiMap()
        .add(Metadata.AGENT_ID, id)
        .add(Metadata.FLOW_CONTROL, Integer.toString(FlowControl.WINDOW));
  }

  /** Connects; fails with what the server has against it. */
  TestAgent connect(int port) throws Exception {
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    Promise<Void> connected = Promise.promise();
    context.runOnContext(
        v ->
            client
                .request(HttpMethod.POST, port, "127.0.0.1", "/")
                .compose(
                    request -> {
                      request.headers().addAll(metadata);
                      packets = GrpcPackets.call(request, GrpcPackets.CONNECT);
                      return packets.headers();
                    })
                .<Void>map(
                    said -> {
                      serverSaid = said;
                      end =
                          AcceptingEnd.over(
                              context,
                              packets,
                              metadata.contains(Metadata.FLOW_CONTROL)
                                  ? FlowControl.agreed(said.get(Metadata.FLOW_CONTROL))
                                  : FlowControl.agreed(null),
                              MAX_PENDING,
                              dial -> dial(context, dial));
                      return null;
                    })
                .onComplete(connected));
    Await.result(connected.future());
    return this;
  }

  private void dial(ContextInternal context, AcceptingEnd.IncomingDial dial) {
    dialled.incrementAndGet();
    int colon = dial.address().lastIndexOf(':');
    String host = dial.address().substring(0, colon);
    if (host.equals("hang.invalid")) {
      return;
    }
    SocketDuplex.connect(
            vertx,
            sockets,
            SocketAddress.inetSocketAddress(
                Integer.parseInt(dial.address().substring(colon + 1)), host))
        .onComplete(
            target ->
                dial.accept(context)
                    .onComplete(
                        tunnelled -> {
                          tunnelled.closed().onComplete(over -> target.reset().otherwiseEmpty());
                          DuplexJoin.join(tunnelled, target).otherwiseEmpty();
                        },
                        gone -> target.reset().otherwiseEmpty()),
            e -> dial.refuse("dial tcp " + dial.address() + ": connect: connection refused"));
  }

  MultiMap serverSaid() {
    return serverSaid;
  }

  int connections() {
    return end.size();
  }

  int pending() {
    return end.pending();
  }

  void drain() {
    end.drain();
  }

  Future<Void> over() {
    return end.closed();
  }

  /** Goes without a word. */
  Future<Void> kill() {
    return client.close();
  }
}
