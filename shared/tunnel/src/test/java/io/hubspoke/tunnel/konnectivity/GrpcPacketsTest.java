package io.hubspoke.tunnel.konnectivity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GrpcPacketsTest {
  private static Vertx vertx;
  private static HttpServer server;
  private static HttpClient client;
  private static volatile Consumer<HttpServerRequest> answer;

  @BeforeAll
  static void start() throws Exception {
    vertx = Vertx.vertx();
    server = vertx.createHttpServer().requestHandler(request -> answer.accept(request));
    Await.result(server.listen(0, "127.0.0.1"));
    client = client();
  }

  private static HttpClient client() {
    return vertx.createHttpClient(
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setHttp2ClearTextUpgrade(false));
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  private static Future<GrpcPackets> call() {
    return call(client);
  }

  private static Future<GrpcPackets> call(HttpClient client) {
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    Promise<GrpcPackets> call = Promise.promise();
    context.runOnContext(
        v ->
            client
                .request(HttpMethod.POST, server.actualPort(), "127.0.0.1", "/")
                .map(request -> GrpcPackets.call(request, GrpcPackets.CONNECT))
                .onComplete(call));
    return call.future();
  }

  private static Packet data(int length, int seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return new Packet.Data(seed, "", Buffer.buffer(bytes));
  }

  @Test
  void packetsOfAnySizeGoBothWays() throws Exception {
    answer =
        request -> {
          var packets = GrpcPackets.answer(request);
          packets.handler(packets::write).endHandler(v -> packets.end()).resume();
        };
    GrpcPackets packets = Await.result(call());
    BlockingQueue<Packet> received = new LinkedBlockingQueue<>();
    Promise<Void> ended = Promise.promise();
    packets.handler(received::add).endHandler(v -> ended.complete()).exceptionHandler(ended::fail);
    packets.resume();
    List<Packet> sent = new ArrayList<>();
    for (int length : new int[] {0, 1, 100, 16_384, 65_536, 1_000_000, 4_000_000, 3}) {
      sent.add(data(length, 1 + length));
    }
    sent.add(new Packet.DialRequest("tcp", "node:1", -5));
    sent.forEach(packets::write);
    Await.until("all are back", () -> received.size() == sent.size());
    assertThat(received).containsExactlyElementsOf(sent);
    packets.end();
    Await.result(ended.future());
  }

  @Test
  void aServerSaysWhoItIsBeforeAnyPacketAndEndsWithAStatus() throws Exception {
    answer =
        request -> {
          var packets = GrpcPackets.answer(request);
          packets.writeHead(MultiMap.caseInsensitiveMultiMap().add(Metadata.SERVER_ID, "s-1"));
          packets.end(new GrpcException(2, "100 % wrong\nö"));
        };
    GrpcPackets packets = Await.result(call());
    Promise<Void> ended = Promise.promise();
    packets.exceptionHandler(ended::fail).resume();
    assertThat(Await.result(packets.headers()).get(Metadata.SERVER_ID)).isEqualTo("s-1");
    assertThat(Await.failure(ended.future()))
        .isInstanceOf(GrpcException.class)
        .hasMessage("100 % wrong\nö");
  }

  @Test
  void aRefusedCallFailsItsHeaders() throws Exception {
    answer = request -> GrpcPackets.refuse(request, new GrpcException(12, "unknown service"));
    GrpcPackets packets = Await.result(call());
    assertThat(Await.failure(packets.headers())).hasMessage("unknown service");
  }

  @Test
  void anotherKindOfServerIsNoServer() throws Exception {
    answer = request -> request.response().setStatusCode(404).end("not here");
    GrpcPackets packets = Await.result(call());
    assertThat(Await.failure(packets.headers())).hasMessage("no gRPC server: HTTP status 404");
  }

  @Test
  void messagesThatAreTooLongOrCompressedEndTheCall() throws Exception {
    for (Buffer bad :
        List.of(
            Buffer.buffer().appendByte((byte) 0).appendInt((4 << 20) + 1),
            Buffer.buffer().appendByte((byte) 1).appendInt(1).appendByte((byte) 1),
            Buffer.buffer().appendByte((byte) 0).appendInt(-1),
            Buffer.buffer().appendByte((byte) 0).appendInt(1).appendByte((byte) 8))) {
      Promise<Void> failed = Promise.promise();
      answer =
          request -> {
            var packets = GrpcPackets.answer(request);
            packets.exceptionHandler(failed::tryFail).resume();
          };
      var request =
          Await.result(client.request(HttpMethod.POST, server.actualPort(), "127.0.0.1", "/"));
      request.setChunked(true).putHeader("content-type", "application/grpc").write(bad);
      assertThat(Await.failure(failed.future())).isInstanceOf(java.io.IOException.class);
      var response = Await.result(request.response());
      assertThat(response.getHeader("grpc-status")).isNotEqualTo("0").isNotNull();
    }
  }

  @Test
  void aReaderThatPausesHoldsTheSenderBack() throws Exception {
    Promise<GrpcPackets> answered = Promise.promise();
    answer = request -> answered.complete(GrpcPackets.answer(request));
    GrpcPackets packets = Await.result(call());
    int sent = 0;
    while (!packets.writeQueueFull()) {
      packets.write(data(65_536, 1));
      sent++;
      assertThat(sent).isLessThan(100);
    }
    Promise<Void> room = Promise.promise();
    packets.drainHandler(v -> room.tryComplete());
    assertThat(room.future().isComplete()).isFalse();
    BlockingQueue<Packet> received = new LinkedBlockingQueue<>();
    var server = Await.result(answered.future());
    server.handler(received::add).resume();
    Await.result(room.future());
    int all = sent;
    Await.until("all arrive", () -> received.size() == all);
  }

  @Test
  void aResetIsTold() throws Exception {
    Promise<Void> failed = Promise.promise();
    Promise<Void> seen = Promise.promise();
    answer =
        request -> {
          GrpcPackets.answer(request).exceptionHandler(failed::tryFail).resume();
          seen.complete();
        };
    GrpcPackets packets = Await.result(call());
    Await.result(seen.future());
    packets.reset();
    assertThat(Await.failure(failed.future())).isNotNull();
    assertThatThrownBy(() -> Await.result(packets.write(new Packet.Drain())))
        .hasMessage("the call has ended");
  }

  @Test
  void whoReadsNothingOfTheAnswersToWhatItSendsIsBrokenOff() throws Exception {
    Promise<DialingEnd> answered = Promise.promise();
    answer =
        request -> {
          ContextInternal context = ((VertxInternal) vertx).getOrCreateContext();
          var packets = GrpcPackets.answer(request);
          packets.writeHead(MultiMap.caseInsensitiveMultiMap());
          answered.complete(
              DialingEnd.over(context, packets, FlowControl.agreed(null), "agent", 10));
        };
    // What it still sends on its broken stream costs it its connection.
    HttpClient own = client();
    GrpcPackets agent = Await.result(call(own));
    agent.exceptionHandler(broken -> {});
    DialingEnd end = Await.result(answered.future());
    int most = 400_000;
    for (int sent = 0; sent < most && !end.closed().isComplete(); sent++) {
      agent.write(new Packet.Data(1_000_000 + sent, "", Buffer.buffer("x"))).otherwiseEmpty();
      if (agent.writeQueueFull()) {
        Promise<Void> room = Promise.promise();
        agent.drainHandler(v -> room.tryComplete());
        if (agent.writeQueueFull()) {
          Await.result(Future.any(room.future(), end.closed().otherwiseEmpty()));
        }
      }
    }
    assertThat(Await.failure(end.closed())).hasMessage("the tunnel's other end does not read");
    Await.result(own.close());
  }
}
