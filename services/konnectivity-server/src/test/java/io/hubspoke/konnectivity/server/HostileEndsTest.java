package io.hubspoke.konnectivity.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.TcpEndpoint;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.konnectivity.GrpcDialer;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.hubspoke.tunnel.konnectivity.Packet;
import io.hubspoke.tunnel.konnectivity.TunnelServer;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What those who may reach a port can do there to others: nothing. Each test has an agent and a
 * connection through it that must still work at the end.
 */
class HostileEndsTest {
  private static final int IDS = 50;

  @TempDir Path folder;
  private Vertx vertx;
  private Context loop;
  private TestPki pki;
  private KonnectivityServer server;
  private HttpClient http;
  private TestAgent victim;
  private GrpcDialer dialer;
  private TcpEndpoint echo;
  private Duplex established;

  /** One call, packet by packet. */
  private record Call(GrpcPackets packets, BlockingQueue<Packet> received, Future<Void> over) {
    void say(Packet packet) {
      packets.write(packet).otherwiseEmpty();
    }

    Packet next() throws InterruptedException {
      return received.poll(20, TimeUnit.SECONDS);
    }
  }

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    loop = vertx.getOrCreateContext();
    pki = new TestPki(folder);
    var any = SocketAddress.inetSocketAddress(0, "127.0.0.1");
    server =
        new KonnectivityServer(
            KonnectivityServerOptions.of(
                "server-1",
                FrontendOptions.tls(Mode.GRPC, any, pki.files),
                new AgentListenerOptions(any, pki.files)));
    Await.result(vertx.deployVerticle(server));
    http =
        vertx.createHttpClient(
            Tls.connect(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setUseAlpn(true),
                pki.client(),
                pki.trust()));
    victim = new TestAgent(vertx, pki.client(), pki.trust(), TestAgent.named("victim"));
    victim.connect(server.agentPort());
    Await.until("agents", server::connectedAgents, n -> n == 1);
    echo = TcpEndpoint.echo();
    dialer =
        new GrpcDialer(
            vertx,
            "grpc",
            TunnelServer.tls("127.0.0.1", server.serverPort(), pki.client(), pki.trust()));
    established = dial();
    assertThatItWorks(established);
  }

  @AfterEach
  void nothingHasHappenedToOthers() throws Exception {
    try {
      assertThat(server.connectedAgents()).isPositive();
      assertThatItWorks(established);
    } finally {
      echo.close();
      Await.result(vertx.close());
    }
  }

  private Duplex dial() throws Exception {
    var colon = echo.address().lastIndexOf(':');
    var target = new Target("127.0.0.1", Integer.parseInt(echo.address().substring(colon + 1)));
    Promise<Duplex> dialled = Promise.promise();
    loop.runOnContext(v -> dialer.dial(target).onComplete(dialled));
    return Await.result(dialled.future());
  }

  private static void assertThatItWorks(Duplex duplex) throws Exception {
    Promise<String> back = Promise.promise();
    duplex.exceptionHandler(back::tryFail);
    duplex.endHandler(v -> back.tryFail("ended"));
    duplex.handler(bytes -> back.tryComplete(bytes.toString()));
    duplex.resume();
    duplex.write(Buffer.buffer("there and back")).otherwiseEmpty();
    assertThat(Await.result(back.future())).isEqualTo("there and back");
  }

  private Call call(int port, String path, MultiMap metadata) throws Exception {
    Promise<Call> opened = Promise.promise();
    loop.runOnContext(
        v ->
            http.request(HttpMethod.POST, port, "127.0.0.1", "/")
                .map(
                    request -> {
                      request.headers().addAll(metadata);
                      var packets = GrpcPackets.call(request, path);
                      var received = new LinkedBlockingQueue<Packet>();
                      Promise<Void> over = Promise.promise();
                      over.future().otherwiseEmpty();
                      packets.handler(received::add);
                      packets.endHandler(end -> over.tryComplete());
                      packets.exceptionHandler(over::tryFail);
                      packets.resume();
                      return new Call(packets, received, over.future());
                    })
                .onComplete(opened));
    return Await.result(opened.future());
  }

  private Call frontend() throws Exception {
    return call(server.serverPort(), GrpcPackets.PROXY, MultiMap.caseInsensitiveMultiMap());
  }

  private Call agent(String id) throws Exception {
    var call = call(server.agentPort(), GrpcPackets.CONNECT, TestAgent.named(id));
    Await.result(call.packets().headers());
    return call;
  }

  @Test
  void an_agent_that_speaks_of_anothers_connections() throws Exception {
    var other = agent("other");
    for (var id = 1L; id <= IDS; id++) {
      other.say(new Packet.Data(id, "", Buffer.buffer("injected")));
      other.say(new Packet.Credit(id, -1));
      other.say(new Packet.CloseResponse("closed by another", id));
      other.say(new Packet.CloseRequest(id));
      other.say(new Packet.DialResponse("", id, id));
    }
    // It is told that it has no such connections.
    var told = other.next();
    assertThat(told).isEqualTo(new Packet.CloseRequest(1));
    assertThat(victim.connections()).isEqualTo(1);
  }

  @Test
  void an_agent_with_the_id_of_another() throws Exception {
    agent("victim");
    Await.until("agents", server::connectedAgents, n -> n == 2);
    assertThat(victim.connections()).isEqualTo(1);
  }

  @Test
  void a_client_that_speaks_of_anothers_connections() throws Exception {
    var other = frontend();
    for (var id = 1L; id <= IDS; id++) {
      other.say(new Packet.Data(id, "", Buffer.buffer("injected")));
      other.say(new Packet.CloseRequest(id));
      other.say(new Packet.CloseDial(id));
      other.say(new Packet.Credit(id, Long.MAX_VALUE));
    }
    assertThat(other.next()).isEqualTo(new Packet.CloseResponse("unknown connection", 1));
    assertThat(victim.connections()).isEqualTo(1);
  }

  @Test
  void a_client_that_dials_without_end() throws Exception {
    var greedy = frontend();
    for (var random = 1L; random <= IDS; random++) {
      greedy.say(new Packet.DialRequest("tcp", "hang.invalid:80", random));
    }
    assertThat(greedy.next())
        .isInstanceOfSatisfying(
            Packet.DialResponse.class,
            refused -> assertThat(refused.error()).contains("dials wait for their answer already"));
    assertThat(victim.pending()).isLessThan(IDS);
    greedy.packets().reset().otherwiseEmpty();
    Await.until("dials that wait", victim::pending, n -> n == 0);
  }

  @Test
  void an_agent_that_floods_its_own_connections_with_credit() throws Exception {
    victim.drain();
    var flooding = agent("flooding");
    Await.until("agents", server::connectedAgents, n -> n == 2);
    var client = frontend();
    // The other one rather takes no dials.
    client.say(new Packet.DialRequest("tcp", "127.0.0.1:1", 7));
    var asked = (Packet.DialRequest) flooding.next();
    flooding.say(new Packet.DialResponse("", 1, asked.random()));
    assertThat(client.next()).isInstanceOf(Packet.DialResponse.class);
    for (var i = 0; i < IDS; i++) {
      flooding.say(new Packet.Credit(1, Long.MAX_VALUE));
    }
    flooding.say(new Packet.Data(1, "", Buffer.buffer("still there")));
    assertThat(client.next())
        .isInstanceOfSatisfying(
            Packet.Data.class, data -> assertThat(data.bytes()).hasToString("still there"));
    flooding.say(new Packet.Credit(1, -5));
    assertThat(client.next())
        .isInstanceOfSatisfying(
            Packet.CloseResponse.class, closed -> assertThat(closed.error()).isNotEmpty());
    flooding.packets().reset().otherwiseEmpty();
    Await.until("agents", server::connectedAgents, n -> n == 1);
  }

  @Test
  void metadata_that_is_too_much() throws Exception {
    var huge = MultiMap.caseInsensitiveMultiMap().add(Metadata.AGENT_ID, "huge");
    huge.add(Metadata.AGENT_IDENTIFIERS, "host=" + "x".repeat(100_000));
    var refused = call(server.agentPort(), GrpcPackets.CONNECT, huge);
    assertThat(Await.failure(refused.packets().headers())).isNotNull();
    var longId = MultiMap.caseInsensitiveMultiMap().add(Metadata.AGENT_ID, "x".repeat(2000));
    refused = call(server.agentPort(), GrpcPackets.CONNECT, longId);
    assertThat(Await.failure(refused.packets().headers()))
        .hasMessageContaining("an agent ID has at most 1024 characters");
    assertThat(server.connectedAgents()).isEqualTo(1);
  }

  @Test
  void garbage_at_both_ports() throws Exception {
    var random = new Random(6);
    var sockets =
        vertx.createNetClient(
            Tls.connect(
                new NetClientOptions()
                    .setUseAlpn(true)
                    .setApplicationLayerProtocols(List.of("h2"))
                    .setHostnameVerificationAlgorithm("HTTPS"),
                pki.client(),
                pki.trust()));
    for (var port : List.of(server.agentPort(), server.serverPort())) {
      for (var i = 0; i < IDS / 5; i++) {
        var bytes = new byte[1 + random.nextInt(4096)];
        random.nextBytes(bytes);
        if (i % 2 == 0) {
          var preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
          System.arraycopy(preface, 0, bytes, 0, Math.min(bytes.length, preface.length));
        }
        var socket = Await.result(sockets.connect(port, "127.0.0.1"));
        socket.write(Buffer.buffer(bytes)).otherwiseEmpty();
        try (var clear = new Socket(InetAddress.getLoopbackAddress(), port)) {
          clear.getOutputStream().write(bytes);
        }
        socket.close().otherwiseEmpty();
      }
    }
    assertThatItWorks(dial());
  }

  @Test
  void those_who_connect_and_say_nothing() throws Exception {
    var silent = new ArrayList<Socket>();
    try {
      for (var i = 0; i < 2 * IDS; i++) {
        silent.add(
            new Socket(
                InetAddress.getLoopbackAddress(),
                i % 2 == 0 ? server.agentPort() : server.serverPort()));
      }
      assertThatItWorks(dial());
    } finally {
      for (var socket : silent) {
        socket.close();
      }
    }
  }
}
