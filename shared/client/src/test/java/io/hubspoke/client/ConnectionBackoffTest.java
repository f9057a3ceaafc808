package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.NetServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server is away, and what one client wants of it costs no more attempts than one request. */
class ConnectionBackoffTest {
  private static final int INFORMERS = 20;
  private static final int ATTEMPTS = 5;

  private final Vertx vertx = Component.vertx();
  private final FakeServer server = new FakeServer(vertx);

  /** When somebody connected. */
  private final Queue<Long> attempts = new ConcurrentLinkedQueue<>();

  private final Set<HttpConnection> connections = ConcurrentHashMap.newKeySet();
  private volatile boolean ill;

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private List<Informer<ObjectNode>> informers(ApiClient client) {
    return IntStream.range(0, INFORMERS)
        .mapToObj(i -> Resource.namespaced("", "v1", "things" + i, ObjectNode.class))
        .map(kind -> new Informer<>(client, kind, ListOptions.ALL, vertx.getOrCreateContext()))
        .toList();
  }

  private ApiClient client(NetServer resetting) {
    return new ApiClient(
        vertx,
        ClientConfig.of(
            "https://127.0.0.1:" + resetting.actualPort(),
            List.of(server.authority.certificate()),
            new Credentials.None()));
  }

  /** Listens, and ends each connection before anything is said. */
  private NetServer resetting() throws Exception {
    return Await.result(
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  attempts.add(System.nanoTime());
                  socket.close();
                })
            .listen(0, "127.0.0.1"));
  }

  private void serve(HttpServerRequest request) {
    if (connections.add(request.connection())) {
      attempts.add(System.nanoTime());
    }
    if (ill) {
      request.connection().close();
    } else if (request.getParam("watch") == null) {
      request.response().end("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}");
    } else {
      request.response().setChunked(true).writeHead();
    }
  }

  /**
   * Each wait is at least twice the shortest of the one before. A busy machine sees one attempt
   * late and the next in time, so the waits count together, and half of them.
   */
  private void assertGrowingWaits() {
    var times = List.copyOf(attempts).subList(0, ATTEMPTS);
    var waits = (100L << (ATTEMPTS - 1)) - 100L;
    assertThat(TimeUnit.NANOSECONDS.toMillis(times.getLast() - times.getFirst()))
        .as("milliseconds between attempts %s", times)
        .isGreaterThanOrEqualTo(waits / 2);
  }

  @Test
  void many_informers_of_one_client_dial_an_absent_server_no_more_often_than_one()
      throws Exception {
    informers(client(resetting())).forEach(Informer::start);
    Await.until("they have tried again and again", () -> attempts.size() >= ATTEMPTS);
    assertGrowingWaits();
  }

  @Test
  void connections_that_end_before_an_answer_count_as_attempts_until_one_serves() throws Exception {
    server.start(this::serve);
    ill = true;
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    var informers = informers(client);
    var synced = informers.stream().map(Informer::start).toList();
    Await.until("they have tried again and again", () -> attempts.size() >= ATTEMPTS);
    assertGrowingWaits();

    ill = false;
    // None has a wait of its own that is longer.
    Await.result(Future.all(synced));
    Await.until("all watch", () -> informers.stream().allMatch(Informer::isWatching));
    assertThat(client.isAway()).isFalse();
  }

  @Test
  void requests_at_once_share_one_attempt_and_what_becomes_of_it() throws Exception {
    var client = client(resetting());
    var asked = new ArrayList<Future<?>>();
    for (var i = 0; i < 50; i++) {
      asked.add(client.raw("/version"));
    }
    for (var one : asked) {
      assertThat(Await.failure(one)).isInstanceOf(java.io.IOException.class);
    }
    assertThat(attempts).hasSize(1);
    assertThat(client.isAway()).isTrue();
    assertThat(Await.failure(client.raw("/version"))).isInstanceOf(java.io.IOException.class);
    assertThat(attempts).hasSize(2);
  }

  @ParameterizedTest
  @EnumSource(
      value = HttpVersion.class,
      names = {"HTTP_1_1", "HTTP_2"})
  void a_connection_that_served_and_ended_makes_nobody_wait(HttpVersion version) throws Exception {
    server.start(this::serve, version);
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    Await.result(client.raw("/version"));
    var first = connections.iterator().next();
    Await.result(first.close());
    Await.until(
        "it has seen the end and is back",
        () -> {
          assertThat(client.isAway()).isFalse();
          try {
            Await.result(client.raw("/version"));
          } catch (HttpClosedException endedMeanwhile) {
            return false;
          }
          return connections.size() == 2;
        });
  }

  @Test
  void requests_of_a_closed_client_fail_at_once() throws Exception {
    var client = client(resetting());
    Await.failure(client.raw("/version"));
    Await.result(client.close());
    assertThat(client.isAway()).isFalse();
    Await.failure(client.raw("/version"));
    assertThat(client.isAway()).isFalse();
    assertThat(attempts).hasSize(1);
  }
}
