package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubelet.server.Access;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.testing.Await;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readers of logs that stop or go, seen at the kubelet and on the wire before it. */
class LogStreamsTest {
  private static final int LINE = 60 << 10;

  /** Room of a kubectl's HTTP/2 stream, of sockets and of queues, several times over. */
  private static final long ROOM = 24 << 20;

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Wire wire;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 1);
    wire = mesh.mesh().nodes().get("node-1").wire();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  /** Returns whether the kubelet has done with a request for a container's log. */
  private static boolean ended(String pod) {
    return mesh.mesh().accesses("node-1").stream()
        .map(Access::path)
        .anyMatch(("/containerLogs/default/" + pod + "/main")::equals);
  }

  private static void untilNoConnectionIsLeft() throws Exception {
    Await.until("no connection is left", () -> Await.result(wire.open()), open -> open == 0);
  }

  /** Returns the number at the end of the last line of a container's log. */
  private static long lastTick(Path log) throws Exception {
    try (var file = new RandomAccessFile(log.toFile(), "r")) {
      byte[] end = new byte[32];
      if (file.length() < LINE) {
        return 0;
      }
      file.seek(file.length() - end.length);
      file.readFully(end);
      String text = new String(end, StandardCharsets.UTF_8).strip();
      String number = text.substring(text.lastIndexOf(' ') + 1);
      return number.matches("\\d+") ? Long.parseLong(number) : 0;
    }
  }

  private static Path log(String pod) throws Exception {
    try (var files = Files.walk(dir.resolve("nodes/node-1/logs"))) {
      return files
          .filter(f -> f.toString().contains("_" + pod + "_") && f.endsWith("main/0.log"))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void a_reader_that_stops_reading_holds_the_kubelet_back_and_its_end_frees_everything()
      throws Exception {
    mesh.pod(
        "loud", "Never", "hubspoke/ticker", "--interval=10ms", "--message=" + "x".repeat(LINE));
    mesh.untilPhase("loud", "Running");
    Recording recording = new Recording(1024);
    Await.result(wire.mode(new Mode.Tap(recording)));

    Process reader = mesh.kubectl().start("logs", "-f", "loud");
    try {
      // Nobody reads what kubectl prints, so that it stops reading too.
      Await.until("bytes cross", () -> recording.bytesSeen() > LINE);
      Path log = log("loud");
      Await.until(
          "the log is longer than all queues", () -> lastTick(log) * LINE > ROOM + (4 << 20));
      long seen = recording.bytesSeen();
      long tick = lastTick(log);
      Await.until("the log goes on", () -> lastTick(log) > tick + 50);

      assertThat(recording.bytesSeen()).isEqualTo(seen).isLessThan(ROOM);
      assertThat(ended("loud")).isFalse();
    } finally {
      reader.destroyForcibly().waitFor();
      Await.result(wire.mode(Mode.forward()));
    }
    Await.until("the kubelet has done with it", () -> ended("loud"));
    untilNoConnectionIsLeft();
    mesh.kubectl().run("delete", "pod", "loud").ok();
  }

  @Test
  void a_reader_that_goes_while_the_log_is_quiet_ends_the_kubelets_stream() throws Exception {
    mesh.pod("quiet", "Never", "hubspoke/ticker", "--interval=1000m");
    mesh.untilPhase("quiet", "Running");
    Process reader = mesh.kubectl().start("logs", "-f", "quiet");
    try (var out = reader.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).isEqualTo("tick 1");
      assertThat(Await.result(wire.open())).isPositive();
      assertThat(ended("quiet")).isFalse();
    } finally {
      reader.destroyForcibly().waitFor();
    }

    Await.until("the kubelet has done with it", () -> ended("quiet"));
    untilNoConnectionIsLeft();
  }
}
