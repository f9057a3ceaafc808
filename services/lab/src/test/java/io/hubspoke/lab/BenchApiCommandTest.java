package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchApiCommandTest {
  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void everyLoadIsAnsweredAndEveryWatcherHearsOfEveryWrite() throws Exception {
    Path file = directory.resolve("api.json");

    int status =
        run(
            "--connections=2",
            "--duration=1",
            "--warm-up=0",
            "--watchers=1,3",
            "--no-hey",
            "--json=" + file);

    assertThat(status).as(err.toString()).isZero();
    var rows = Json.parseObject(Files.readAllBytes(file)).path("measurements");
    assertThat(rows.findValuesAsText("what"))
        .containsExactly(
            "GET",
            "LIST of 500",
            "POST",
            "PUT of leases",
            "PUT before 1 watcher",
            "events to 1 watcher",
            "PUT before 3 watchers",
            "events to 3 watchers");
    for (var row : rows) {
      assertThat(row.path("done").asInt()).as(row.toString()).isPositive();
      assertThat(row.path("failed").asInt()).as(row.toString()).isZero();
      assertThat(row.path("p99Millis").asDouble()).isGreaterThan(0);
      assertThat(row.path("serverMegabytes").asInt()).isPositive();
      assertThat(row.path("serverCpuMicros").asDouble()).isGreaterThan(0);
    }
    assertThat(out.toString()).contains("LIST of 500", "p99 ms");
  }

  @Test
  void anAddressWithoutAKubeconfigIsRefused() {
    assertThat(run("--url=https://127.0.0.1:6443")).isEqualTo(2);

    assertThat(err.toString()).contains("--url and --pid go with --kubeconfig");
  }

  private int run(String... arguments) {
    var all = new String[arguments.length + 2];
    all[0] = "bench";
    all[1] = "api";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(all);
  }
}
