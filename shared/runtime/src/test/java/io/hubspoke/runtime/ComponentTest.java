package io.hubspoke.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpMethod;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ComponentTest {
  @Test
  void whatIsStoppingStillHasItsClients() throws Exception {
    var vertx = Component.vertx();
    var client = vertx.createHttpClient();
    var answered = new AtomicInteger();
    var server =
        Component.await(
            vertx
                .createHttpServer()
                .requestHandler(request -> request.response().setStatusCode(204).end())
                .listen(0, "127.0.0.1"));
    var asking =
        new VerticleBase() {
          @Override
          public Future<?> stop() {
            return client
                .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/")
                .compose(request -> request.send())
                .onSuccess(response -> answered.set(response.statusCode()));
          }
        };

    Component.await(Component.stop(vertx, Component.await(vertx.deployVerticle(asking))));

    assertThat(answered.get()).isEqualTo(204);
  }
}
