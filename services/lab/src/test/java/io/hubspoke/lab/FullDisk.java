package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.testing.Await;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
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
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/**
 * The disk of a node is full: its pods and its kubelet go on, and people are told. The same under
 * each runtime. Needs root.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class FullDisk {
  private Path disk;
  private TestMesh mesh;
  private Kubectl kubectl;

  /** Starts what runs containers; its own files are not on the disk. */
  abstract RuntimeEndpoint runtime() throws Exception;

  /** Ends what runs containers. */
  abstract void stopRuntime() throws Exception;

  /** Makes a pod that goes on writing lines, each another one. */
  abstract void talker(TestMesh mesh, String name) throws Exception;

  /** As many lines hold up who waits for them to be taken from a pipe. */
  abstract int linesThatFillAPipe();

  @BeforeAll
  void start() throws Exception {
    disk = Files.createTempDirectory("hubspoke-disk");
    run("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk.toString());
    var endpoint = runtime();
    mesh =
        TestMesh.start(
            disk,
            1,
            k ->
                k.nodeStatusUpdateFrequency(Duration.ofSeconds(1))
                    .containerRuntimeEndpoint(endpoint));
    kubectl = mesh.kubectl();
  }

  @AfterAll
  void stop() throws Exception {
    try {
      if (mesh != null) {
        mesh.stop();
      }
      stopRuntime();
    } finally {
      run("umount", "-l", disk.toString());
      DirectoryTree.delete(disk);
    }
  }

  @Test
  void aFullDiskCostsLogsAloneAndIsShown() throws Exception {
    talker(mesh, "talker");
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
    assertSpeaksOn();
    assertThat(mesh.status("talker").at("/containerStatuses/0/restartCount").asInt()).isZero();
    assertThat(mesh.status("talker").path("phase").asText()).isEqualTo("Running");
    var before = lastLine();

    Files.delete(filler);
    untilPressure("False", "kubelet has no disk pressure");
    Await.until("the log goes on", this::lastLine, line -> !line.isEmpty() && !line.equals(before));
    kubectl.run("delete", "pod", "talker", "--grace-period=1").ok();
  }

  /** Whoever is attached hears it, so it is not held up by its log. */
  private void assertSpeaksOn() throws Exception {
    var attached = kubectl.start("attach", "talker");
    try (var lines =
        new BufferedReader(
            new InputStreamReader(attached.getInputStream(), StandardCharsets.UTF_8))) {
      var before = "";
      for (var i = 0; i < linesThatFillAPipe(); i++) {
        var line = lines.readLine();
        assertThat(line).as("line %d while the disk is full", i).isNotNull().isNotEqualTo(before);
        before = line;
      }
    } finally {
      attached.destroyForcibly();
    }
  }

  private String lastLine() throws Exception {
    return kubectl.run("logs", "talker", "--tail=1").out();
  }

  private Path fill() throws IOException {
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

  private void untilPressure(String status, String message) throws Exception {
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
