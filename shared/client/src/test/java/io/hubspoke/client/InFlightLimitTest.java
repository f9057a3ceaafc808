package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InFlightLimitTest {
  private final Vertx vertx = Component.vertx();
  private final InFlightLimit limit = new InFlightLimit(1);
  private final List<HttpServerRequest> asked = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private ApiClient client(FakeServer server) {
    var config = server.config(new Credentials.None());
    return new ApiClient(vertx, config, UnaryOperator.identity(), limit);
  }

  private List<String> paths() {
    return asked.stream().map(HttpServerRequest::path).toList();
  }

  @Test
  void a_request_waits_for_those_of_others_and_a_heartbeat_for_nobody() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                r -> {
                  asked.add(r);
                  if (!r.path().equals("/first")) {
                    r.response().end("{}");
                  }
                });
    var first = client(server).raw("/first");
    Await.until("it is asked", () -> paths().contains("/first"));
    var other = client(server);

    var second = other.raw("/second");
    var third = other.raw("/third");
    Await.result(other.heartbeats(Duration.ofSeconds(10)).raw("/beat"));

    assertThat(paths()).containsExactly("/first", "/beat");
    asked.getFirst().response().end("{}");
    Await.result(first);
    Await.result(second);
    Await.result(third);
    assertThat(paths()).containsExactly("/first", "/beat", "/second", "/third");
  }

  @Test
  void a_request_that_is_given_up_leaves_its_place_to_the_next() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                r -> {
                  if (r.path().equals("/answered")) {
                    r.response().end("{}");
                  }
                });
    var config = server.config(new Credentials.None()).withTimeout(Duration.ofMillis(100));
    var given = new ApiClient(vertx, config, UnaryOperator.identity(), limit);

    var never = given.raw("/never");
    var answered = client(server).raw("/answered");

    assertThatThrownBy(() -> Await.result(never)).isInstanceOf(TimeoutException.class);
    assertThat(Await.result(answered).toString()).isEqualTo("{}");
  }
}
