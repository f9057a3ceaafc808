package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScaleCommandTest {
  private static final int NODES = 30;

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void everyNodeOfTwoProcessesJoinsAndDoesWhatNodesDo() throws Exception {
    var file = directory.resolve("scale.json");
    var lab = directory.resolve("lab");

    var status =
        run(
            "--nodes=" + NODES,
            "--processes=2",
            "--pods=60",
            "--hold=2s",
            "--sample=2",
            "--dir=" + lab,
            "--json=" + file);

    assertThat(status).as(out.toString() + err).isZero();
    var result = Json.parseObject(Files.readAllBytes(file)).path("runs").path(0);
    assertThat(result.path("nodes").asInt()).isEqualTo(NODES);
    assertThat(result.path("readySeconds").asDouble()).isPositive();
    assertThat(result.path("podSeconds").asDouble()).isPositive();
    assertThat(result.path("processes").findValuesAsText("name"))
        .containsExactly("this process", "control plane", "nodes 1 to 15", "nodes 16 to 30");
    // A pod, its log, a command in it, and five things that the node may or may not do; and
    // the log, a command and the token of some that were there.
    assertThat(result.path("sample").path("done").asInt()).isEqualTo(2 * 8 + 2 * 3);
    assertThat(result.path("sample").path("failures")).isEmpty();
    assertThat(result.path("watchLag").path("count").asInt()).isPositive();
    assertThat(created(result.path("requestsWhileJoining"), "nodes")).isEqualTo(NODES);
    assertThat(created(result.path("requestsWhileJoining"), "certificatesigningrequests"))
        .isEqualTo(NODES);
    assertThat(out.toString()).contains("30 nodes ready in").contains("watch lag: p50");
    assertThat(lab).doesNotExist();
    assertThat(ProcessHandle.current().descendants().map(ScaleCommandTest::command))
        .noneMatch(command -> command.contains(lab.toString()));
  }

  @Test
  void aFewNodesRunInThisProcessAndLeaveNothing() throws Exception {
    var file = directory.resolve("scale.json");
    var lab = directory.resolve("lab");

    var status = run("--nodes=10", "--hold=1s", "--sample=1", "--dir=" + lab, "--json=" + file);

    assertThat(status).as(out.toString() + err).isZero();
    var result = Json.parseObject(Files.readAllBytes(file)).path("runs").path(0);
    assertThat(result.path("processes").findValuesAsText("name")).containsExactly("this process");
    assertThat(result.path("sample").path("done").asInt()).isEqualTo(8);
    assertThat(result.path("sample").path("failures")).isEmpty();
    assertThat(lab).doesNotExist();
  }

  @Test
  void whatCannotBeDoneIsRefusedInOneLine() {
    assertThat(run("--nodes=0")).isEqualTo(2);
    assertThat(run("--nodes=20000")).isEqualTo(2);
    assertThat(run("--nodes=10", "--pods=10000")).isEqualTo(2);
    assertThat(run("--nodes=10", "--plot=" + directory.resolve("plot.svg"))).isEqualTo(2);
    assertThat(run("--nodes=10,20", "--processes=0")).isEqualTo(2);
    assertThat(run("--nodes=10", "--dir=" + directory)).isEqualTo(2);

    assertThat(run("--earlier=/none")).isEqualTo(2);

    assertThat(err.toString().lines())
        .hasSize(7)
        .anySatisfy(line -> assertThat(line).contains("--nodes must be between 1 and 16000"))
        .anySatisfy(line -> assertThat(line).contains("--pods must be between 0 and 110 a node"))
        .anySatisfy(line -> assertThat(line).contains("--plot takes several numbers"))
        .anySatisfy(line -> assertThat(line).contains("--processes 0 goes with one number"))
        .anySatisfy(line -> assertThat(line).contains("--dir must not be there yet"))
        .anySatisfy(line -> assertThat(line).contains("--earlier: /none: no such file"));
  }

  private static long created(com.fasterxml.jackson.databind.JsonNode requests, String resource) {
    for (var request : requests) {
      if (request.path("verb").asText().equals("CREATE")
          && request.path("resource").asText().equals(resource)) {
        return request.path("count").asLong();
      }
    }
    return 0;
  }

  private static String command(ProcessHandle process) {
    return process.info().commandLine().orElse("");
  }

  private int run(String... arguments) {
    var all = new String[arguments.length + 1];
    all[0] = "scale";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(all);
  }
}
