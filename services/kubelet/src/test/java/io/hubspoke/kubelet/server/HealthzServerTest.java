package io.hubspoke.kubelet.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class HealthzServerTest {
  private static final String ADDRESS = "127.10.118.1";

  private static String get(String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      var uri = URI.create("http://" + ADDRESS + ":10248" + path);
      var answer =
          client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() + " " + answer.body();
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Vertx noting(List<String> calls, Vertx vertx) {
    return (Vertx)
        Proxy.newProxyInstance(
            Vertx.class.getClassLoader(),
            new Class<?>[] {Vertx.class},
            (self, method, arguments) -> {
              calls.add(method.getName());
              return method.invoke(vertx, arguments);
            });
  }

  @Test
  void answersWhomeverAsksOnceItHasThePortThatAnotherHadAndNoMoreOnceStopped() throws Exception {
    Vertx vertx = Vertx.vertx();
    var at = SocketAddress.inetSocketAddress(10248, ADDRESS);
    var calls = new CopyOnWriteArrayList<String>();
    var server = new HealthzServer(noting(calls, vertx), at, Duration.ofMillis(20));
    try {
      try (var other = new ServerSocket(at.port(), 1, InetAddress.ofLiteral(ADDRESS))) {
        Await.result(server.start());
        assertThat(other.isBound()).isTrue();
        Await.until("it tries", () -> calls.stream().filter("setTimer"::equals).count() > 3);
        // Vert.x keeps each one that could not listen.
        assertThat(calls).containsOnlyOnce("createHttpServer");
      }
      Await.until("it has the port", () -> get("/healthz").equals("200 ok"));
      assertThat(get("/healthz?verbose")).isEqualTo("200 [+]ping ok\nhealthz check passed\n");
      assertThat(get("/healthz/ping")).isEqualTo("200 ok");
      assertThat(get("/pods")).startsWith("404 ");
      Await.result(server.stop());
      assertThat(get("/healthz")).contains("ConnectException");
    } finally {
      Await.result(vertx.close());
    }
  }
}
