package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import io.hubspoke.runtime.NetworkNamespace;
import io.hubspoke.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
      Await.until("machines are made", () -> left(demo).size(), count -> count > 3);
      demo.process().destroyForcibly();
      Await.until("all are removed", () -> left(demo).size(), count -> count == 0);
    }
  }
}
