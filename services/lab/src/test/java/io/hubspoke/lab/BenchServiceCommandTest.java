package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root, nft and ip. */
class BenchServiceCommandTest {
  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void bothModesComeToFiguresAndLeaveNoNetworkBehind() throws Exception {
    Path file = directory.resolve("service.json");

    int status =
        run(
            "--duration=0.2",
            "--rounds=1",
            "--parallel=2",
            "--streams=2",
            "--services=3",
            "--endpoints=3",
            "--json=" + file);

    assertThat(status).as(out.toString() + err).isZero();
    var rows = Json.parseObject(Files.readAllBytes(file)).path("figures");
    assertThat(rows.findValuesAsText("what"))
        .startsWith(
            "3 services with 3 endpoints each",
            "another endpoint of one of them",
            "all of them taken away")
        .endsWith(
            "connections, 2 at a time",
            "connections, 2 at a time",
            "HTTP requests, 2 at a time",
            "HTTP requests, 2 at a time",
            "throughput, 2 connections",
            "throughput, 2 connections")
        .hasSize(12);
    assertThat(rows.findValuesAsText("mode")).contains("nftables", "userspace");
    for (var row : rows) {
      String figure = row.has("virtual") ? "virtual" : "value";
      assertThat(row.path(figure).asDouble()).as(row.toString()).isPositive();
      if (row.has("virtual")) {
        assertThat(row.path("directProcessorMicros").asDouble()).isPositive();
        assertThat(row.path("virtualProcessorMicros").asDouble()).isPositive();
      }
    }
    assertThat(out.toString())
        .contains("below", "throughput, 2 connections")
        .containsAnyOf("met", "missed");
  }

  @Test
  void aLoadOfNothingIsRefused() {
    assertThat(run("--parallel=4,0")).isEqualTo(2);

    assertThat(err.toString()).contains("--parallel: 0 is below 1");
  }

  @Test
  void aModeThatThereIsNotIsRefused() {
    assertThat(run("--proxy-mode=ipvs")).isEqualTo(2);

    assertThat(err.toString()).contains("--proxy-mode: \"ipvs\" is not supported");
  }

  private int run(String... arguments) {
    var all = new String[arguments.length + 2];
    all[0] = "bench";
    all[1] = "service";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(all);
  }
}
