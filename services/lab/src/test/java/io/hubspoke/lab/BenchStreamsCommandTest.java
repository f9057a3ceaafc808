package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchStreamsCommandTest {
  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void everyLoadComesToAFigure() throws Exception {
    Path file = directory.resolve("streams.json");

    int status =
        run(
            "--duration=1",
            "--warm-up=0",
            "--parallel=2",
            "--idle=10",
            "--copy=5",
            "--json=" + file);

    assertThat(status).as(out.toString() + err).isZero();
    var rows = Json.parseObject(Files.readAllBytes(file)).path("figures");
    assertThat(rows.findValuesAsText("what"))
        .containsExactly(
            "exec round trips",
            "exec stdout",
            "exec stdin",
            "cp to the pod",
            "cp from the pod",
            "port-forward, from the pod",
            "port-forward, to the pod",
            "pod proxy",
            "small proxied requests",
            "an idle exec, apiserver",
            "an idle exec, kubelet",
            "lines of a followed log");
    for (var row : rows) {
      // So few idle streams may fit into memory that is there already.
      if (!row.path("unit").asText().equals("KB")) {
        assertThat(row.path("value").asDouble()).as(row.toString()).isPositive();
      }
      assertThat(row.path("busyProcessors").path("load").isNumber()).as(row.toString()).isTrue();
    }
    assertThat(err.toString()).contains("cp from the pod", "processors busy");
  }

  @Test
  void aLoadOfNothingIsRefused() {
    assertThat(run("--parallel=0")).isEqualTo(2);

    assertThat(err.toString()).contains("--parallel: 0 is below 1");
  }

  @Test
  void aLoadThatThereIsNotIsRefused() {
    assertThat(run("--only=nothing")).isEqualTo(2);

    assertThat(err.toString()).contains("--only: no load's name contains \"nothing\"");
  }

  private int run(String... arguments) {
    var all = new String[arguments.length + 2];
    all[0] = "bench";
    all[1] = "streams";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(all);
  }
}
