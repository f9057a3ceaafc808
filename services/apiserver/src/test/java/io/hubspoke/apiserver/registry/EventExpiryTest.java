package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Meta;
import io.hubspoke.testing.Await;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventExpiryTest extends RegistryTest {
  private static final String EVENTS = "/api/v1/namespaces/default/events";
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
  private EventExpiry expiry;

  @AfterEach
  void stopExpiry() throws Exception {
    Await.result(expiry.stop());
  }

  @Test
  void anEventEndsAfterItsTimeAndAWriteBeginsThatAnew() throws Exception {
    event("before");
    begin(Duration.ofHours(1));
    event("once");
    server.post(MAPS, "{'metadata':{'name':'map'}}");
    awaitSeen(event("repeated"));
    later(40);
    var written = server.patch(EVENTS + "/repeated", "merge", "{'count':2}");
    awaitSeen(Long.parseLong(Meta.resourceVersion(written.body())));

    later(59);
    assertThat(code("before")).isEqualTo(200);
    assertThat(code("once")).isEqualTo(200);
    later(61);
    Await.until("events are gone", () -> code("before") == 404 && code("once") == 404);
    assertThat(code("repeated")).isEqualTo(200);
    later(101);
    Await.until("the last is gone", () -> code("repeated") == 404);
    assertThat(server.get(MAPS + "/map").code()).isEqualTo(200);
  }

  @Test
  void withoutATimeEventsStay() throws Exception {
    event("a");
    begin(Duration.ZERO);
    later(1_000_000);
    assertThat(code("a")).isEqualTo(200);
  }

  private void begin(Duration ttl) throws Exception {
    expiry = new EventExpiry(server.vertx, server.store, ttl, now::get);
    Await.result(expiry.start());
  }

  private void later(int minutes) {
    now.set(Instant.EPOCH.plus(Duration.ofMinutes(minutes)));
    expiry.sweep();
  }

  private void awaitSeen(long revision) throws Exception {
    Await.until("the write is known", () -> expiry.seen() >= revision);
  }

  private int code(String name) throws Exception {
    return server.get(EVENTS + "/" + name).code();
  }

  private long event(String name) throws Exception {
    var made =
        server.post(
            EVENTS,
            "{'metadata':{'name':'"
                + name
                + "'},'involvedObject':{'kind':'Pod','namespace':'default','name':'p'}}");
    assertThat(made.code()).as(made.message()).isEqualTo(201);
    return Long.parseLong(Meta.resourceVersion(made.body()));
  }
}
