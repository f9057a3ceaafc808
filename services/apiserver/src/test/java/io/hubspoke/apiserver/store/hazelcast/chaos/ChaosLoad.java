package io.hubspoke.apiserver.store.hazelcast.chaos;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.store.hazelcast.chaos.ChaosClient.Answer;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Event;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Kind;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Operation;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Clients that write, read and watch at all replicas, and record it. */
final class ChaosLoad {
  static final String OBJECTS = "/api/v1/namespaces/default/configmaps";
  private static final String PADDING = "x".repeat(900);
  private static final int KEYS = 24;

  private final ChaosCluster cluster;
  private final Recording recording = new Recording();
  private final Map<String, Long> known = new ConcurrentHashMap<>();
  private final AtomicLong values = new AtomicLong();
  private final AtomicLong lastAcknowledged = new AtomicLong();
  private final AtomicLong longestGap = new AtomicLong();
  private final List<Thread> writers = new ArrayList<>();
  private volatile boolean writing = true;
  private volatile boolean watching = true;

  ChaosLoad(ChaosCluster cluster) {
    this.cluster = cluster;
  }

  Recording recording() {
    return recording;
  }

  /** Begins to watch at each replica, from a revision on. */
  void watch(long revision) {
    for (int i = 0; i < ChaosCluster.SIZE; i++) {
      int first = i;
      List<Event> events = recording.watch();
      cluster.client("watch " + i, () -> watch(first, revision, events));
    }
  }

  /** Begins to write and read, with clients spread over all replicas. */
  void write(int clients) {
    lastAcknowledged.set(System.nanoTime());
    for (int i = 0; i < clients; i++) {
      int client = i;
      writers.add(cluster.client("writer " + i, () -> run(client)));
    }
  }

  /** Has clients ask one replica alone for a while; returns how often each outcome was. */
  String hurry(int replica, int clients, Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    Map<Outcome, LongAdder> outcomes = new EnumMap<>(Outcome.class);
    for (Outcome outcome : Outcome.values()) {
      outcomes.put(outcome, new LongAdder());
    }
    List<Thread> asking = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      Random random = new Random(end + i);
      asking.add(
          cluster.client(
              "hurry " + i,
              () -> {
                while (System.nanoTime() < end) {
                  outcomes.get(request(replica, random)).increment();
                }
              }));
    }
    for (Thread thread : asking) {
      thread.join();
    }
    return outcomes.toString();
  }

  void stopWriting() throws InterruptedException {
    writing = false;
    for (Thread writer : writers) {
      writer.join();
    }
  }

  void stopWatching() {
    watching = false;
  }

  /** Returns the longest time without an acknowledged change since it was asked for last. */
  long longestGapMillis() {
    acknowledged(System.nanoTime());
    return longestGap.getAndSet(0) / 1_000_000;
  }

  private void acknowledged(long now) {
    long gap = now - lastAcknowledged.getAndSet(now);
    longestGap.accumulateAndGet(gap, Math::max);
  }

  private void run(int client) {
    Random random = new Random(client);
    int replica = client % ChaosCluster.SIZE;
    while (writing) {
      Outcome outcome = request(replica, random);
      if (outcome == Outcome.REFUSED || outcome == Outcome.UNKNOWN) {
        replica = (replica + 1) % ChaosCluster.SIZE;
        pause();
      } else if (random.nextInt(200) == 0) {
        replica = client % ChaosCluster.SIZE;
      }
    }
  }

  private Outcome request(int replica, Random random) {
    String key = "chaos-" + random.nextInt(KEYS);
    long at = known.getOrDefault(key, 0L);
    int dice = random.nextInt(100);
    Kind kind =
        dice < 30 ? Kind.READ : at == 0 ? Kind.CREATE : dice < 92 ? Kind.UPDATE : Kind.DELETE;
    return request(replica, kind, key, kind == Kind.CREATE || kind == Kind.READ ? 0 : at);
  }

  /** Sends one request, records it and returns what came of it. */
  Outcome request(int replica, Kind kind, String key, long expected) {
    boolean writes = kind == Kind.CREATE || kind == Kind.UPDATE;
    String value = writes ? "v" + values.incrementAndGet() : "";
    ChaosClient client = new ChaosClient(cluster.tls(), ChaosCluster.server(replica), 20_000);
    long invoked = System.nanoTime();
    Outcome outcome;
    long revision = 0;
    try {
      Answer answer = send(client, kind, key, expected, value);
      outcome = outcome(kind, answer);
      if (outcome == Outcome.DONE && kind != Kind.DELETE) {
        revision = answer.revision();
      }
    } catch (IOException e) {
      outcome = Outcome.UNKNOWN;
    }
    long returned = System.nanoTime();
    recording.add(
        new Operation(
            "replica " + replica,
            kind,
            key,
            expected,
            value,
            invoked,
            returned,
            outcome,
            revision));
    learn(kind, key, outcome, revision);
    if (outcome == Outcome.DONE && kind != Kind.READ) {
      acknowledged(returned);
    }
    return outcome;
  }

  private static Answer send(ChaosClient client, Kind kind, String key, long expected, String value)
      throws IOException {
    return switch (kind) {
      case CREATE -> client.send("POST", OBJECTS, object(key, 0, value));
      case UPDATE -> client.send("PUT", OBJECTS + "/" + key, object(key, expected, value));
      case DELETE -> client.send("DELETE", OBJECTS + "/" + key, precondition(expected));
      case READ -> client.send("GET", OBJECTS + "/" + key, null);
    };
  }

  private static Outcome outcome(Kind kind, Answer answer) throws IOException {
    return switch (answer.code()) {
      case 200, 201 -> Outcome.DONE;
      case 404 -> Outcome.ABSENT;
      case 409 -> kind == Kind.CREATE ? Outcome.EXISTS : Outcome.CONFLICT;
      // Only what was certainly not done is to be sent again without asking.
      case 503 -> answer.retryAfter() ? Outcome.REFUSED : Outcome.UNKNOWN;
      case 500, 504 -> Outcome.UNKNOWN;
      case 429 -> Outcome.REFUSED;
      default -> throw new IOException("answered " + answer);
    };
  }

  private void learn(Kind kind, String key, Outcome outcome, long revision) {
    if (outcome == Outcome.ABSENT || (outcome == Outcome.DONE && kind == Kind.DELETE)) {
      known.remove(key);
    } else if (outcome == Outcome.DONE) {
      known.merge(key, revision, Math::max);
    } else if (outcome == Outcome.EXISTS || outcome == Outcome.UNKNOWN) {
      known.putIfAbsent(key, 1L);
    }
  }

  private static ObjectNode object(String key, long revision, String value) {
    ObjectNode object = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    ObjectNode metadata = object.putObject("metadata").put("name", key);
    if (revision > 0) {
      metadata.put("resourceVersion", Long.toString(revision));
    }
    object.putObject("data").put("value", value).put("padding", PADDING);
    return object;
  }

  private static ObjectNode precondition(long revision) {
    ObjectNode options = Json.object().put("apiVersion", "v1").put("kind", "DeleteOptions");
    options.putObject("preconditions").put("resourceVersion", Long.toString(revision));
    return options;
  }

  private void watch(int first, long revision, List<Event> events) {
    int replica = first;
    AtomicLong at = new AtomicLong(revision);
    while (watching) {
      ChaosClient client = new ChaosClient(cluster.tls(), ChaosCluster.server(replica), 90_000);
      try {
        client.watch(
            OBJECTS + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + at.get(),
            event -> seen(event, at, events));
      } catch (IOException | IllegalStateException e) {
        // The replica has ended, or is not as far yet.
      }
      replica = (replica + 1) % ChaosCluster.SIZE;
      pause();
    }
  }

  private static void seen(ObjectNode event, AtomicLong at, List<Event> events) {
    String type = event.path("type").asText();
    if (type.equals("ERROR")) {
      throw new IllegalStateException(event.path("object").path("message").asText());
    }
    var metadata = event.path("object").path("metadata");
    long revision = metadata.path("resourceVersion").asLong();
    at.set(revision);
    String key = metadata.path("name").asText();
    if (!type.equals("BOOKMARK") && key.startsWith("chaos-")) {
      String value = event.path("object").path("data").path("value").asText();
      events.add(new Event(revision, type, key, value));
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
