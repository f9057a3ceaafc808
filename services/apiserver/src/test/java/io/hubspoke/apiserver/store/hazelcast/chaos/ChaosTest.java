package io.hubspoke.apiserver.store.hazelcast.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.store.hazelcast.chaos.ChaosClient.Answer;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Event;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Kind;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Operation;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Outcome;
import io.hubspoke.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three apiservers lose members, and parts of their network, while clients write, read and watch.
 * {@code make chaos SECONDS=600} does so for longer.
 */
class ChaosTest {
  private static final Duration CALM = Duration.ofSeconds(2);

  /** Twice as long as the others wait for a silent member, hardly longer, and less. */
  private static final List<Duration> STALLS =
      List.of(Duration.ofSeconds(20), Duration.ofSeconds(11), Duration.ofSeconds(6));

  @TempDir private Path dir;
  private ChaosCluster cluster;
  private ChaosLoad load;

  @Test
  @Timeout(7200)
  void losesNothingThatItAcknowledgedAndShowsOneOrderWhateverEnds() throws Exception {
    long seconds = Long.getLong("chaos.seconds", 0);
    cluster = new ChaosCluster(dir);
    try {
      long begun = System.nanoTime();
      awaitReady();
      say("ready after %d ms".formatted((System.nanoTime() - begun) / 1_000_000));
      load = new ChaosLoad(cluster);
      load.watch(here(() -> client(0).send("GET", ChaosLoad.OBJECTS, null).revision()));
      load.write(12);
      calm();
      say("calm: no acknowledgement for at most %d ms".formatted(load.longestGapMillis()));
      if (seconds == 0) {
        kill(0);
        cut(1);
      } else {
        faults(seconds);
      }
      load.stopWriting();
      awaitReady();
      end();
    } catch (AssertionError | Exception e) {
      for (int i = 0; i < ChaosCluster.SIZE; i++) {
        Path log = dir.resolve("apiserver" + i + ".log");
        System.err.println(log + "\n" + Files.readString(log));
      }
      throw e;
    } finally {
      cluster.close();
    }
  }

  private void faults(long seconds) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    Random random = new Random();
    for (int round = 0; System.nanoTime() < end; round++) {
      int member = random.nextInt(ChaosCluster.SIZE);
      switch (round % 6) {
        // Each kind once before any comes again, and the rolling restart, which takes longest,
        // last.
        case 0 -> stall(member, STALLS.get(round / 6 % STALLS.size()));
        case 1 -> cut(member);
        case 2, 4, 5 -> kill(member);
        default -> roll();
      }
    }
  }

  private void kill(int member) throws Exception {
    load.longestGapMillis();
    cluster.process(member).kill();
    calm();
    long gap = load.longestGapMillis();
    cluster.start(member);
    long begun = System.nanoTime();
    awaitReady();
    calm();
    say(
        ("kill -9 of %d: no acknowledgement for at most %d ms; it was back after %d ms, which cost"
                + " %d ms")
            .formatted(
                member, gap, (System.nanoTime() - begun) / 1_000_000, load.longestGapMillis()));
  }

  /** A member without the others refuses changes, and comes back by itself. */
  private void cut(int member) throws Exception {
    load.longestGapMillis();
    cluster.cut(member);
    long begun = System.nanoTime();
    Await.until(
        "member " + member + " refuses what it can't have agreed on",
        () -> here(() -> load.request(member, Kind.CREATE, "chaos-cut", 0)),
        outcome -> outcome == Outcome.REFUSED);
    long refused = System.nanoTime();
    ObjectNode never = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    never.putObject("metadata").put("name", "never");
    Answer answer = here(() -> client(member).send("POST", ChaosLoad.OBJECTS, never));
    assertThat(answer.code()).isEqualTo(503);
    assertThat(answer.reason()).isEqualTo("ServiceUnavailable");
    calm();
    long gap = load.longestGapMillis();
    cluster.heal();
    long healed = System.nanoTime();
    awaitReady();
    say(
        ("cut off %d: it refused with 503 after %d ms; no acknowledgement for at most %d ms; it was"
                + " back %d ms after the cut was healed")
            .formatted(
                member,
                (refused - begun) / 1_000_000,
                gap,
                (System.nanoTime() - healed) / 1_000_000));
    calm();
  }

  private void roll() throws Exception {
    load.longestGapMillis();
    for (int member = 0; member < ChaosCluster.SIZE; member++) {
      cluster.process(member).stop();
      cluster.start(member);
      awaitReady();
    }
    say("restarted all: no acknowledgement for at most %d ms".formatted(load.longestGapMillis()));
  }

  /**
   * A member that is away without having ended, as in a long collection of garbage, goes on as if
   * nothing had been: whoever asks it at once must not be told what was true before.
   */
  private void stall(int member, Duration time) throws Exception {
    load.longestGapMillis();
    cluster.process(member).signal("STOP");
    Thread.sleep(time);
    cluster.process(member).signal("CONT");
    String told = load.hurry(member, 6, Duration.ofSeconds(5));
    awaitReady();
    calm();
    say(
        "stopped %d for %d s: no acknowledgement for at most %d ms; asked as soon as it went on: %s"
            .formatted(member, time.toSeconds(), load.longestGapMillis(), told));
  }

  private void end() throws Exception {
    assertThat(here(() -> load.request(0, Kind.CREATE, "chaos-end", 0))).isEqualTo(Outcome.DONE);
    long last = load.recording().operations().getLast().revision();
    Await.until(
        "every watch has seen revision " + last,
        () ->
            load.recording().watches().stream()
                .allMatch(watch -> watch.stream().anyMatch(e -> e.revision() == last)));
    load.stopWatching();
    List<Operation> operations = load.recording().operations();
    assertThat(HistoryChecker.check(load.recording())).isEmpty();
    report(operations);
    endpoints();
  }

  private void report(List<Operation> operations) {
    for (Outcome outcome : Outcome.values()) {
      say(
          "%-8s %d"
              .formatted(outcome, operations.stream().filter(o -> o.outcome() == outcome).count()));
    }
    long[] nanos =
        operations.stream()
            .filter(o -> o.outcome() == Outcome.DONE && o.kind() != Kind.READ)
            .mapToLong(o -> o.returnedNanos() - o.invokedNanos())
            .sorted()
            .toArray();
    assertThat(nanos.length).as("acknowledged changes").isGreaterThan(100);
    say(
        "changes acknowledged: %d, in ms p50 %.1f, p99 %.1f, longest %.0f"
            .formatted(
                nanos.length,
                nanos[nanos.length / 2] / 1e6,
                nanos[nanos.length * 99 / 100] / 1e6,
                nanos[nanos.length - 1] / 1e6));
    List<Event> events = load.recording().watches().getFirst();
    say("events: %d, at each of %d watches".formatted(events.size(), ChaosCluster.SIZE));
  }

  /** All three are behind the service that clients in the cluster use. */
  private void endpoints() throws Exception {
    Await.until(
        "the kubernetes service has three endpoints",
        () ->
            here(
                () -> {
                  var addresses =
                      client(1)
                          .send("GET", "/api/v1/namespaces/default/endpoints/kubernetes", null)
                          .body()
                          .path("subsets")
                          .path(0)
                          .path("addresses");
                  return addresses.size();
                }),
        size -> size == ChaosCluster.SIZE);
  }

  private void awaitReady() throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(4).toNanos();
    for (int member : IntStream.range(0, ChaosCluster.SIZE).toArray()) {
      while (!here(() -> isReady(member))) {
        assertThat(cluster.process(member).isAlive()).as("member %d lives", member).isTrue();
        assertThat(System.nanoTime() - deadline).as("member %d is ready", member).isNegative();
        Thread.sleep(100);
      }
    }
  }

  private boolean isReady(int member) {
    try {
      return client(member).send("GET", "/readyz", null).code() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private ChaosClient client(int member) {
    return new ChaosClient(cluster.tls(), ChaosCluster.server(member), 5_000);
  }

  /** Does something where the apiservers can be reached. */
  private <T> T here(Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    cluster.client("test", task).join();
    return task.get();
  }

  private static void calm() throws InterruptedException {
    Thread.sleep(CALM);
  }

  private static void say(String what) {
    System.out.println("[chaos] " + what);
  }
}
