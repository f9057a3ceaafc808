package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server goes away from many clients at once, which must not all come back at once. */
class ReconnectionTest {
  private static final int CLIENTS = 60;

  /** A tenth of the time over which they come back. */
  private static final long WINDOW = TimeUnit.MILLISECONDS.toNanos(200);

  private static final Resource<ObjectNode> THINGS =
      Resource.namespaced("", "v1", "things", ObjectNode.class);
  private static final Resource<ObjectNode> OTHERS =
      Resource.namespaced("", "v1", "others", ObjectNode.class);

  private final Vertx vertx = Component.vertx();
  private final Map<HttpConnection, Long> connections = new ConcurrentHashMap<>();
  private final Set<HttpConnection> watching = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<Long> watched = new ConcurrentLinkedQueue<>();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void clients_that_lose_their_server_together_come_back_spread_over_seconds() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                request -> {
                  connections.putIfAbsent(request.connection(), System.nanoTime());
                  if (request.getParam("watch") == null) {
                    request
                        .response()
                        .end("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}");
                  } else {
                    watching.add(request.connection());
                    watched.add(System.nanoTime());
                    request.response().setChunked(true).writeHead();
                  }
                });
    for (int i = 0; i < CLIENTS; i++) {
      List<Future<?>> synced = new ArrayList<>();
      var client = new ApiClient(vertx, server.config(new Credentials.None()));
      // As a node's: several watches on one connection, the first of which dials for all.
      for (var resource : List.of(THINGS, OTHERS)) {
        synced.add(
            new Informer<>(client, resource, ListOptions.ALL, vertx.getOrCreateContext()).start());
      }
      // One after the other: so many handshakes at once would block an event loop.
      Await.result(Future.all(synced));
    }
    Await.until("all watch", watched::size, size -> size == 2 * CLIENTS);
    var last = watched.stream().mapToLong(at -> at).max().orElseThrow();
    Await.until(
        "all have watched for a while",
        () -> System.nanoTime() - last,
        age -> age > Informer.STEADY.plusMillis(500).toNanos());

    var before = Set.copyOf(connections.keySet());
    before.forEach(HttpConnection::close);
    Await.until(
        "all watch again",
        () -> watching.stream().filter(connection -> !before.contains(connection)).count(),
        count -> count == CLIENTS);

    var times =
        connections.entrySet().stream()
            .filter(entry -> !before.contains(entry.getKey()))
            .map(Map.Entry::getValue)
            .sorted()
            .toList();
    assertThat(times).as("one connection each").hasSize(CLIENTS);
    for (var begin : times) {
      var together = times.stream().filter(at -> at >= begin && at - begin < WINDOW).count();
      assertThat(together).as("in a tenth of the time").isLessThan(CLIENTS / 2);
    }
  }
}
