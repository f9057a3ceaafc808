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
    var json = dir.resolve("report.json");
    try (var demo =
        start(dir, "--routes", "N3,N6,C1/direct,C4/direct,C7c,T1", "--json", json.toString())) {
      assertThat(ended(demo)).as(demo.complaints()).isZero();
      assertThat(left(demo)).isEmpty();
    }
    assertThat(Json.parse(Files.readAllBytes(json)).path("routes")).hasSize(6);
  }

  @Test
  void anOpenFirewallShowsInTheRowOfTheTunnel(@TempDir Path dir) throws Exception {
    var json = dir.resolve("report.json");
    try (var demo =
        start(dir, "--routes", "T1", "--break", "firewall", "--json", json.toString())) {
      assertThat(ended(demo)).as(demo.complaints()).isEqualTo(1);
      JsonNode row = Json.parse(Files.readAllBytes(json)).path("routes").path(0);
      assertThat(row.toString()).contains("pastTheTunnel");
    }
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
