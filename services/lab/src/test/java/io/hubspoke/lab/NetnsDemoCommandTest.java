package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import io.hubspoke.runtime.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Some routes between real processes in network namespaces; {@code make netns-demo} has them all.
 */
@Timeout(180)
class NetnsDemoCommandTest {
  private static final long LIMIT_SECONDS = 150;

  private static HubspokeProcess start(Path dir, String... arguments) throws IOException {
    NetworkNamespace.hindrance()
        .ifPresent(
            why -> {
              throw new AssertionError(why);
            });
    var line = new ArrayList<>(List.of("netns-demo"));
    line.addAll(List.of(arguments));
    return HubspokeProcess.start(dir.resolve("err"), line);
  }

  private static int ended(HubspokeProcess demo) throws InterruptedException {
    assertThat(demo.process().waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    return demo.process().exitValue();
  }

  private static List<NetworkNamespace> left(HubspokeProcess demo) throws IOException {
    return NetworkNamespace.named(Segment.prefix(demo.process().pid()));
  }

  @Test
  void routesBetweenProcessesAreAsTheDocumentsSayAndNothingIsLeftBehind(@TempDir Path dir)
      throws Exception {
    try (var demo = start(dir, "--routes", "N5,C1v/direct,T2", "--json", json(dir))) {
      assertThat(ended(demo)).as(demo.complaints()).isZero();
      assertThat(left(demo)).isEmpty();
    }
    assertThat(routes(dir)).hasSize(3);
  }

  @Test
  void anOpenFirewallShowsInTheRowOfTheTunnelAndInNothingElse(@TempDir Path dir) throws Exception {
    try (var demo = start(dir, "--routes", "T1", "--break", "firewall", "--json", json(dir))) {
      assertThat(ended(demo)).as(demo.complaints()).isEqualTo(1);
    }
    routes(dir)
        .path(0)
        .path("properties")
        .properties()
        .forEach(
            cell ->
                assertThat(cell.getValue().path("measured").asBoolean())
                    .as(cell.toString())
                    .isEqualTo(!cell.getKey().equals("path")));
  }

  private static String json(Path dir) {
    return dir.resolve("report.json").toString();
  }

  private static JsonNode routes(Path dir) throws IOException {
    return Json.parse(Files.readAllBytes(Path.of(json(dir)))).path("routes");
  }

  @Test
  void aRunThatIsKilledTakesItsProcessesAndNamespacesAlong(@TempDir Path dir) throws Exception {
    try (var demo = start(dir, "--routes", "C1/direct")) {
      until("machines are made", () -> left(demo), names -> names.size() > 3);
      demo.process().destroyForcibly();
      until("all are removed", () -> left(demo), List::isEmpty);
      until("no process is left", () -> processes(demo), List::isEmpty);
    }
  }

  /** Waits as long as a whole run may take: it begins with the start of two JVMs. */
  private static <T> void until(String what, Callable<T> read, Predicate<T> expected)
      throws Exception {
    var deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!expected.test(read.call())) {
      assertThat(System.nanoTime())
          .as("not in time: %s; %s", what, read.call())
          .isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** What runs in the name of a run: all of it has that in its command line. */
  private static List<String> processes(HubspokeProcess demo) {
    var name = Segment.prefix(demo.process().pid());
    return ProcessHandle.allProcesses()
        .map(process -> commandLine(process.pid()))
        .filter(line -> line.contains(name))
        .toList();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"), ISO_8859_1);
    } catch (IOException ended) {
      return "";
    }
  }
}
