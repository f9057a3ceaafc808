package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk of a node is full: its pods and its kubelet go on, and people are told. Needs root. */
class FullDiskTest {
  @TempDir private static Path disk;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    run("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk.toString());
    mesh = TestMesh.start(disk, 1, k -> k.nodeStatusUpdateFrequency(Duration.ofSeconds(1)));
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      mesh.stop();
    } finally {
      run("umount", "-l", disk.toString());
    }
  }

  @Test
  void aFullDiskCostsLogsAloneAndIsShown() throws Exception {
    mesh.pod("talker", "Always", "hubspoke/ticker");
    mesh.untilPhase("talker", "Running");
    Await.until("it has spoken", () -> !lastLine().isEmpty());

    var filler = fill();
    untilPressure("True", "kubelet has disk pressure");
    Await.until(
        "nothing new is scheduled here",
        () -> kubectl.run("describe", "node", "node-1").out(),
        text ->
            text.contains("node.kubernetes.io/disk-pressure:NoSchedule")
                && text.contains("Node node-1 status is now: NodeHasDiskPressure"));
    assertThat(kubectl.run("exec", "talker", "--", "echo", "alive").ok()).contains("alive");
    assertThat(mesh.status("talker").at("/containerStatuses/0/restartCount").asInt()).isZero();
    assertThat(mesh.status("talker").path("phase").asText()).isEqualTo("Running");
    var before = lastLine();

    Files.delete(filler);
    untilPressure("False", "kubelet has no disk pressure");
    Await.until(
        "the log goes on", FullDiskTest::lastLine, line -> !line.isEmpty() && !line.equals(before));
  }

  private static String lastLine() throws Exception {
    return kubectl.run("logs", "talker", "--tail=1").out();
  }

  private static Path fill() throws IOException {
    var filler = disk.resolve("filler");
    try (var out = Files.newOutputStream(filler, StandardOpenOption.CREATE)) {
      var page = new byte[4096];
      while (true) {
        out.write(page);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left on device");
    }
    return filler;
  }

  private static void untilPressure(String status, String message) throws Exception {
    Await.until(
        "DiskPressure is " + status,
        () ->
            kubectl
                .run(
                    "get",
                    "node",
                    "node-1",
                    "-o",
                    "jsonpath={range .status.conditions[?(@.type=='DiskPressure')]}"
                        + "{.status} {.message}{end}")
                .out(),
        (status + " " + message)::equals);
  }

  private static void run(String... command) throws Exception {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("%s ends", List.of(command)).isTrue();
    assertThat(process.exitValue()).as("%s: %s", List.of(command), output).isZero();
  }
}
