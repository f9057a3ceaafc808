package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.util.HashSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventRecorderTest {
  private record Written(String method, String path, ObjectNode body) {}

  private final Vertx vertx = Component.vertx();
  private final BlockingQueue<Written> written = new LinkedBlockingQueue<>();
  private final AtomicInteger patchStatus = new AtomicInteger(200);
  private final AtomicBoolean holding = new AtomicBoolean();
  private final BlockingQueue<Runnable> held = new LinkedBlockingQueue<>();
  private final AtomicInteger atATime = new AtomicInteger();
  private final AtomicInteger mostAtATime = new AtomicInteger();
  private EventRecorder events;

  @BeforeEach
  void start() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                r ->
                    r.body()
                        .onSuccess(
                            body -> {
                              mostAtATime.accumulateAndGet(atATime.incrementAndGet(), Math::max);
                              var name = r.method().name();
                              Runnable answer =
                                  () -> {
                                    atATime.decrementAndGet();
                                    r.response()
                                        .setStatusCode(
                                            name.equals("PATCH") ? patchStatus.get() : 201)
                                        .end("{\"kind\":\"Status\",\"code\":404}")
                                        .onSuccess(
                                            v ->
                                                written.add(
                                                    new Written(
                                                        name,
                                                        r.path(),
                                                        Json.parseObject(body.getBytes()))));
                                  };
                              if (holding.get()) {
                                held.add(answer);
                              } else {
                                answer.run();
                              }
                            }));
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    events = new EventRecorder(client, "kubelet", "node-1");
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private static Pod pod(String revision) {
    var tree = Json.object();
    tree.putObject("metadata")
        .put("name", "web")
        .put("namespace", "shop")
        .put("uid", "u1")
        .put("resourceVersion", revision);
    return Json.convert(tree, Pod.class);
  }

  private Written next() throws Exception {
    var next = written.poll(20, TimeUnit.SECONDS);
    assertThat(next).as("a request").isNotNull();
    return next;
  }

  @Test
  void names_the_state_and_the_part_of_the_object_that_it_is_about() throws Exception {
    events.normal(Regarding.of(pod("7")).field("spec.containers{web}"), "Started", "it runs");

    var event = next();
    assertThat(event.method()).isEqualTo("POST");
    assertThat(event.path()).isEqualTo("/api/v1/namespaces/shop/events");
    assertThat(event.body().path("involvedObject"))
        .isEqualTo(
            Json.object()
                .put("apiVersion", "v1")
                .put("kind", "Pod")
                .put("name", "web")
                .put("uid", "u1")
                .put("namespace", "shop")
                .put("resourceVersion", "7")
                .put("fieldPath", "spec.containers{web}"));
    assertThat(event.body().path("source").path("host").asText()).isEqualTo("node-1");
    assertThat(event.body().path("count").asInt()).isEqualTo(1);
  }

  @Test
  void counts_up_what_comes_again_though_the_object_has_changed() throws Exception {
    events.warning(Regarding.of(pod("7")), "BackOff", "again");
    var first = next();
    events.warning(Regarding.of(pod("8")), "BackOff", "again");
    var second = next();

    assertThat(second.method()).isEqualTo("PATCH");
    assertThat(second.path()).endsWith(first.body().path("metadata").path("name").asText());
    assertThat(second.body().path("count").asInt()).isEqualTo(2);
  }

  @Test
  void writes_anew_what_has_expired() throws Exception {
    events.warning(Regarding.of(pod("7")), "BackOff", "again");
    next();
    patchStatus.set(404);
    events.warning(Regarding.of(pod("8")), "BackOff", "again");

    assertThat(next().method()).isEqualTo("PATCH");
    var anew = next();
    assertThat(anew.method()).isEqualTo("POST");
    assertThat(anew.body().path("involvedObject").path("resourceVersion").asText()).isEqualTo("8");
  }

  @Test
  void puts_events_about_objects_without_namespace_in_default() throws Exception {
    events.normal(new Regarding("v1", "Node", "", "node-1", "node-1"), "Starting", "up");

    var event = next();
    assertThat(event.path()).isEqualTo("/api/v1/namespaces/default/events");
    assertThat(event.body().path("involvedObject").has("namespace")).isFalse();
    assertThat(event.body().path("involvedObject").has("resourceVersion")).isFalse();
  }

  @Test
  void writes_a_few_at_a_time_and_all_of_them() throws Exception {
    holding.set(true);
    for (int i = 0; i < 100; i++) {
      events.normal(Regarding.of(pod("7")), "Started", "number " + i);
    }

    Await.until("some are there", () -> held.size() == 4);
    holding.set(false);
    held.forEach(Runnable::run);

    var told = new HashSet<String>();
    while (told.size() < 100) {
      told.add(next().body().path("message").asText());
    }
    assertThat(mostAtATime).hasValue(4);
  }
}
