package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code hubspoke up} as a process, the way that people run and stop it. */
@Timeout(120)
class UpCommandTest {
  /** Generous on a busy machine; the aim is two. */
  private static final long STOP_SECONDS = 8;

  /** A running lab and the lines that it printed when it was ready. */
  private record Lab(Process process, BufferedReader out, List<String> printed)
      implements AutoCloseable {
    static Lab start(Path dir) throws IOException {
      var process = process(dir).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      var out = process.inputReader(StandardCharsets.UTF_8);
      var printed = new ArrayList<String>();
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        printed.add(line);
        if (line.startsWith("kubectl")) {
          break;
        }
      }
      return new Lab(process, out, printed);
    }

    static ProcessBuilder process(Path dir) {
      return HubspokeProcess.builder(List.of("up", "--nodes", "1", "--dir", dir.toString()));
    }

    int stop(String signal) throws Exception {
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)).as("stopped in time").isTrue();
      return process.exitValue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  @Test
  void twoLabsRunBesideEachOtherAndStopWhenTold(@TempDir Path dir) throws Exception {
    try (var first = Lab.start(dir.resolve("first"));
        var second = Lab.start(dir.resolve("second"))) {
      assertThat(first.printed()).first().asString().matches("ready in \\d+\\.\\d{3} s");
      assertThat(second.printed()).first().asString().startsWith("ready in ");
      assertThat(first.printed().get(1)).isNotEqualTo(second.printed().get(1));

      assertThat(first.stop("INT")).isZero();
      assertThat(second.stop("TERM")).isZero();
    }
  }

  @Test
  void aSecondLabInTheSameDirectoryKeepsIdentitiesAndStartsWithNewObjects(@TempDir Path dir)
      throws Exception {
    String uid;
    List<String> identities;
    try (var lab = Lab.start(dir)) {
      var refused = Lab.process(dir).redirectErrorStream(true).start();
      assertThat(new String(refused.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("error: --dir " + dir)
          .contains("another lab or node runs in it")
          .hasLineCount(1);
      assertThat(refused.waitFor()).isEqualTo(1);

      uid = uidOfNode(dir);
      identities = identities(dir);
      assertThat(lab.stop("TERM")).isZero();
    }
    try (var lab = Lab.start(dir)) {
      assertThat(lab.printed()).first().asString().startsWith("ready in ");
      assertThat(uidOfNode(dir)).isNotEmpty().isNotEqualTo(uid);
      assertThat(identities(dir)).containsExactlyElementsOf(identities);
      assertThat(lab.stop("INT")).isZero();
    }
  }

  private static String uidOfNode(Path dir) throws Exception {
    var kubectl =
        new ProcessBuilder(
                "kubectl",
                "--kubeconfig",
                dir.resolve("admin.kubeconfig").toString(),
                "--cache-dir",
                dir.resolve("cache").toString(),
                "get",
                "node",
                "node-1",
                "-o",
                "jsonpath={.metadata.uid}")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var uid = new String(kubectl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(kubectl.waitFor()).isZero();
    return uid;
  }

  private static List<String> identities(Path dir) throws IOException {
    return List.of(
        Files.readString(dir.resolve("pki/ca.crt")),
        Files.readString(dir.resolve("nodes/node-1/pki/kubelet-client-current.pem")));
  }
}
