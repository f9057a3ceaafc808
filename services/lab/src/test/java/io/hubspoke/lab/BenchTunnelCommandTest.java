package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import io.hubspoke.testing.Await;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTunnelCommandTest {
  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void everyLoadComesToAFigure() throws Exception {
    var file = directory.resolve("tunnel.json");

    var status =
        run(
            "--duration=0.5",
            "--warm-up=0",
            "--streams=4",
            "--idle=20",
            "--rounds=1",
            "--curl=2",
            "--egress=direct,ssh",
            "--json=" + file);

    assertThat(status).as(out.toString() + err).isZero();
    var rows = Json.parseObject(Files.readAllBytes(file)).path("figures");
    assertThat(rows.findValuesAsText("what"))
        .contains(
            "one stream, from the node",
            "one stream, to the node",
            "4 streams, from the node",
            "set-up of a connection, p50",
            "set-up of a connection, p99",
            "connections, 4 at a time",
            "20 idle connections, in all",
            "a stopped reader beside others, below",
            "4 connections whose far end is killed, dialer told",
            "4 connections whose far end is killed, target told");
    assertThat(new HashSet<>(rows.findValuesAsText("way")))
        .containsExactlyInAnyOrder("direct", "ssh");
    for (var row : rows) {
      // So few idle connections may fit into memory that is there already.
      if (!row.path("unit").asText().equals("KB") && !row.path("unit").asText().equals("%")) {
        assertThat(row.path("value").asDouble()).as(row.toString()).isPositive();
      }
    }
    assertThat(out.toString()).contains("one stream, from the node");
  }

  @Test
  void streamsThroughKonnectivityComeToFiguresInBothModes() throws Exception {
    var file = directory.resolve("konnectivity.json");

    var status =
        run(
            "--duration=0.3",
            "--warm-up=0",
            "--streams=4",
            "--only=stream",
            "--egress=grpc,http-connect",
            "--json=" + file);

    assertThat(status).as(out.toString() + err).isZero();
    var rows = Json.parseObject(Files.readAllBytes(file)).path("figures");
    assertThat(new HashSet<>(rows.findValuesAsText("way")))
        .containsExactlyInAnyOrder("grpc", "http-connect");
    assertThat(new HashSet<>(rows.findValuesAsText("what")))
        .containsExactlyInAnyOrder(
            "one stream, from the node",
            "one stream, to the node",
            "4 streams, from the node",
            "4 streams, to the node");
    for (var row : rows) {
      assertThat(row.path("value").asDouble()).as(row.toString()).isPositive();
    }
  }

  @Test
  void aWayThatThereIsNotIsRefused() {
    assertThat(run("--egress=pigeon")).isEqualTo(2);

    assertThat(err.toString()).contains("--egress: no way \"pigeon\"");
  }

  @Test
  void aNameThatNoLoadHasIsRefused() {
    assertThat(run("--egress=direct", "--only=nope")).isEqualTo(2);

    assertThat(err.toString())
        .contains("--only: no load of direct has a name that contains \"nope\"");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void whoIsToldToStopEndsWhatItHasStarted() throws Exception {
    // A flag of all commands may come first.
    var bench =
        OwnCommand.start(
            List.of(
                "--logging-format",
                "text",
                "bench",
                "tunnel",
                "--egress=direct",
                "--duration=600"));
    Await.until("its target runs", () -> bench.children().findAny().isPresent());
    var children = bench.children().toList();

    bench.destroy();

    bench.waitFor();
    for (var child : children) {
      Await.until("the target has ended", () -> !child.isAlive());
    }
  }

  private int run(String... arguments) {
    var all = new String[arguments.length + 2];
    all[0] = "bench";
    all[1] = "tunnel";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(all);
  }
}
