package io.hubspoke.kubeproxy.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubeproxy.metrics.ProxyMetrics;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.SilentClients;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProxyHealthTest {
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http = HttpClient.newHttpClient();
  private final ProxyMetrics metrics = new ProxyMetrics();
  private final SetClock clock = new SetClock();
  private final ProxyHealth health = new ProxyHealth(clock, metrics);
  private final HttpListener listener =
      new HttpListener(
          vertx,
          "health",
          SocketAddress.inetSocketAddress(0, "127.0.0.1"),
          request -> {
            if (request.path().equals("/healthz")) {
              health.healthz(request);
            } else {
              health.livez(request);
            }
          });

  private static final class SetClock extends Clock {
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void pass(Duration time) {
      now = now.plus(time);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  @BeforeEach
  void start() throws Exception {
    Await.result(listener.bind());
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(listener.close());
    Await.result(vertx.close());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + listener.port() + path)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void a_proxy_that_keeps_up_is_healthy_as_of_now() throws Exception {
    health.queued();
    health.updated();
    clock.pass(Duration.ofHours(1));
    var answer = get("/healthz");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .isEqualTo(
            "{\"lastUpdated\": \"2026-01-01 01:00:00.000000000 +0000 UTC\","
                + "\"currentTime\": \"2026-01-01 01:00:00.000000000 +0000 UTC\","
                + " \"nodeEligible\": true}");
  }

  @Test
  void a_change_that_is_not_done_within_a_minute_is_ill_health() throws Exception {
    health.updated();
    clock.pass(Duration.ofSeconds(1));
    health.queued();
    clock.pass(Duration.ofSeconds(59));
    health.queued();
    assertThat(get("/healthz").statusCode()).isEqualTo(200);
    clock.pass(Duration.ofSeconds(1));
    assertThat(get("/healthz").statusCode()).isEqualTo(503);
    assertThat(get("/livez").statusCode()).isEqualTo(503);
    assertThat(get("/livez").body()).contains("\"lastUpdated\": \"2026-01-01 00:00:00");
    health.updated();
    assertThat(get("/healthz").statusCode()).isEqualTo(200);
    assertThat(metrics.scrape())
        .contains(
            "kubeproxy_proxy_healthz_total{code=\"503\"} 1.0",
            "kubeproxy_proxy_livez_total{code=\"503\"} 2.0");
  }

  @Test
  void a_node_that_is_leaving_gets_nothing_new_while_its_proxy_lives() throws Exception {
    health.nodeEligible(false);
    assertThat(get("/healthz").statusCode()).isEqualTo(503);
    assertThat(get("/healthz").body()).endsWith("\"nodeEligible\": false}");
    assertThat(get("/livez").statusCode()).isEqualTo(200);
  }

  @Test
  void of_strangers_who_connect_and_say_nothing_few_are_kept() throws Exception {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), listener.port());
    try (var silent = new SilentClients(address, 300)) {
      Await.until("those too many are let go", silent::open, open -> open <= 128);
      health.updated();
      assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }
  }
}
