package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubelet.server.ConnectionLimits;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiConnectionsTest {
  private static final String REQUEST = "GET /healthz HTTP/1.1\r\nHost: n1\r\n\r\n";

  @TempDir private Path directory;

  /** Vert.x closes clients that nobody holds, with their connections. */
  private final List<NetClient> clients = new ArrayList<>();

  private TestNode node;

  private void start(ConnectionLimits limits) throws Exception {
    node =
        new TestNode(directory, "127.10.103.1")
            .start(o -> o.podCidr("127.20.103.0/24").connectionLimits(limits));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private ReloadableKeys admin() {
    return new ReloadableKeys(
        node.apiserver.authority.issueClient("admin", List.of("admins"), Duration.ofDays(1)));
  }

  /** Opens a TLS connection without a certificate; the flag tells when the kubelet closes it. */
  private AtomicBoolean connect(String bytes) throws Exception {
    return connect(bytes, null);
  }

  private AtomicBoolean connect(String bytes, ReloadableKeys keys) throws Exception {
    NetClientOptions options = new NetClientOptions().setHostnameVerificationAlgorithm("");
    Tls.connect(options, keys, Tls.trustAny(List.of()));
    NetClient client = node.vertx.createNetClient(options);
    clients.add(client);
    AtomicBoolean closed = new AtomicBoolean();
    Await.result(
        client
            .connect(node.kubelet.port(), node.ip)
            .onSuccess(
                socket -> {
                  // On its own event loop, which may hear of the end next.
                  socket.closeHandler(v -> closed.set(true));
                  socket.exceptionHandler(e -> {});
                  socket.handler(bytesIn -> {});
                  socket.write(bytes).otherwiseEmpty();
                }));
    return closed;
  }

  @Test
  void half_a_request_head_does_not_stay() throws Exception {
    start(new ConnectionLimits(10, Duration.ofMillis(300), Duration.ofMinutes(1)));
    AtomicBoolean silent = connect("");
    AtomicBoolean half = connect("GET /healthz HTTP/1.1\r\nHost: n1\r\nX-");
    Await.until("both are closed", () -> silent.get() && half.get());
  }

  @Test
  void a_connection_without_requests_does_not_stay() throws Exception {
    start(new ConnectionLimits(10, Duration.ofMinutes(1), Duration.ofMillis(300)));
    AtomicBoolean used = connect(REQUEST);
    Await.until("it is closed", used::get);
    assertThat(node.accesses.getLast().code()).isEqualTo(401);
  }

  @Test
  void one_connection_too_many_is_refused_and_room_is_used_again() throws Exception {
    start(new ConnectionLimits(2, Duration.ofMinutes(1), Duration.ofMinutes(1)));
    AtomicBoolean first = served(1);
    AtomicBoolean second = served(2);
    AtomicBoolean third = connect(REQUEST, admin());
    Await.until("the third is closed", third::get);
    assertThat(first.get() || second.get()).isFalse();
    assertThat(node.accesses).hasSize(2);
    Await.result(clients.getFirst().close());
    Await.until(
        "a request",
        () -> {
          // The kubelet may not have heard yet that there is room.
          AtomicBoolean closed = connect(REQUEST, admin());
          Await.until("its end", () -> closed.get() || node.accesses.size() > 2);
          return node.accesses.size() > 2;
        });
  }

  /** Opens a connection that the kubelet knows of: handshakes may end in another order there. */
  private AtomicBoolean served(int requests) throws Exception {
    AtomicBoolean closed = connect(REQUEST, admin());
    Await.until("its request", () -> node.accesses.size() == requests);
    return closed;
  }

  @Test
  void strangers_leave_room_for_those_who_show_who_they_are() throws Exception {
    start(new ConnectionLimits(16, Duration.ofMinutes(1), Duration.ofMinutes(1)));
    // Their times go on for longer than anything here.
    for (int i = 0; i < 40; i++) {
      try {
        connect("");
      } catch (IOException e) {
        // It is let go already, or refused.
      }
    }
    HttpClientOptions options = new HttpClientOptions().setVerifyHost(false);
    Tls.connect(options, admin(), Tls.trustAny(List.of()));
    HttpClient client = node.vertx.createHttpClient(options);
    Await.until("an answer", () -> Await.result(code(client, "/healthz")) == 200);
    Await.result(client.close());
  }

  /** Returns 0 when it is not answered: among strangers chance decides who is let go. */
  private Future<Integer> code(HttpClient client, String path) {
    return client
        .request(HttpMethod.GET, node.kubelet.port(), node.ip, path)
        .compose(r -> r.send())
        .map(HttpClientResponse::statusCode)
        .otherwise(0);
  }

  @Test
  void a_log_that_is_followed_outlives_both_limits() throws Exception {
    start(new ConnectionLimits(10, Duration.ofMillis(300), Duration.ofMillis(300)));
    node.pod("f", "hubspoke/ticker", p -> p, "--interval=100ms", "--count=15");
    Await.until("it runs", () -> node.container("f").at("/state").has("running"));
    HttpClientOptions options = new HttpClientOptions().setVerifyHost(false);
    Tls.connect(options, admin(), Tls.trustAny(List.of()));
    HttpClient client = node.vertx.createHttpClient(options);
    Buffer body =
        Await.result(
            client
                .request(
                    HttpMethod.GET,
                    node.kubelet.port(),
                    node.ip,
                    "/containerLogs/default/f/main?follow=true")
                .compose(r -> r.send())
                .compose(a -> a.body()));
    assertThat(body.toString()).endsWith("tick 15\n");
    // Vert.x closes clients that nobody holds.
    Await.result(client.close());
  }
}
