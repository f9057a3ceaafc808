package io.hubspoke.kubelet.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.kubelet.runtime.ContainerRuntime.ImageException;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What holds with and without namespaces. */
class ProcessRuntimeTest {
  private static final RemoteCommand ALL = new RemoteCommand(true, true, true, false);

  @TempDir Path directory;

  @Test
  void aContainerIsAProcessWhoseOutputIsInItsLogAndWhoseExitCodeIsTold() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.sh("echo out; echo err >&2; printf 'no end'; exit 7");

      assertThat(run.code()).isEqualTo(7);
      assertThat(Files.readString(run.log()))
          .contains(" stdout F out\n", " stderr F err\n", " stdout F no end\n");
    }
  }

  @Test
  void commandArgumentsVariablesAndDirectoryArriveWithTheirBytes() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run =
          node.run(
              c ->
                  c.withCommand("/bin/sh", "-c", "printf '%s|%s|%s|%s|' \"$@\" \"$V\" \"$PWD\"")
                      .withArgs("sh", "a b\n'\"$x", "grüße €")
                      .withWorkingDir("/tmp"),
              Map.of("V", "wört = *"),
              List.of());

      assertThat(run.code()).isZero();
      assertThat(Files.readString(run.log()))
          .contains("F a b\n")
          .contains("'\"$x|grüße €|wört = *|/tmp|");
    }
  }

  @Test
  void aSignalledProcessEndsWith128AndItsNumber() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.sh("trap 'echo got it; exit 3' TERM; echo up; while :; do sleep 0.05; done");
      run.awaitSaid("up");
      assertThat(run.stop(Duration.ofSeconds(20)).code()).isEqualTo(3);
      assertThat(run.said()).contains("got it");

      var stubborn = node.sh("trap '' TERM; echo up; while :; do sleep 0.05; done");
      stubborn.awaitSaid("up");
      assertThat(stubborn.stop(Duration.ofMillis(200)).code()).isEqualTo(137);
    }
  }

  @Test
  void nothingIsLeftOfAContainerThatHasEnded() throws Exception {
    try (var node = new ProcessNode(directory)) {
      String mark = "100000." + ProcessHandle.current().pid();
      var run = node.sh("sleep " + mark + " & setsid sleep " + mark + " & echo up; wait");
      run.awaitSaid("up");
      Await.until("both run", () -> processes(mark) == 2);

      assertThat(run.stop(Duration.ZERO).code()).isEqualTo(137);

      Await.until("none runs", () -> processes(mark) == 0);
    }
  }

  @Test
  void whatAnEarlierRunLeftIsEndedAtStartAndNothingElse() throws Exception {
    String mark = "100001." + ProcessHandle.current().pid();
    try (var killed = new ProcessNode(directory)) {
      var run = killed.sh("sleep " + mark + " & echo up; wait");
      run.awaitSaid("up");
      Path other =
          Files.createDirectories(directory.resolve("kubelet/process/running/r")).resolve("other");
      // The number of a process that is somebody else's by now.
      Files.writeString(other, ProcessHandle.current().pid() + " 1");

      try (var next = new ProcessNode(directory)) {
        Await.until("none runs", () -> processes(mark) == 0);
        assertThat(next.sh("exit 0").code()).isZero();
        assertThat(other).doesNotExist();
      }
    }
  }

  @Test
  void anImageThatIsNotThereCantBePulledAndTheMessageSaysWhatIs() throws Exception {
    try (var node = new ProcessNode(directory)) {
      assertThat(Await.failure(node.runtime.pullImage("nginx:1.27")))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("failed to resolve image \"nginx:1.27\": not found")
          .hasMessageContaining("hubspoke/host:latest");
      assertThat(Await.result(node.runtime.pullImage("docker.io/hubspoke/host:latest")).present())
          .isTrue();
    }
  }

  @Test
  void anImageIsAFolderWithCommandsAndAConfiguration() throws Exception {
    Path image = Files.createDirectories(directory.resolve("images/team/tool:1.2"));
    Path greet = Files.createDirectories(image.resolve("bin")).resolve("greet");
    Files.writeString(greet, "#!/bin/sh\necho \"$GREETING $*\"\n");
    assertThat(greet.toFile().setExecutable(true, false)).isTrue();
    Files.writeString(
        image.resolve("config.json"),
        "{\"Entrypoint\":[\"greet\"],\"Cmd\":[\"all\"],\"Env\":[\"GREETING=hello\"]}");
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withImage("team/tool:1.2"));
      var with = node.run(c -> c.withImage("team/tool:1.2").withArgs("you"));

      assertThat(run.code()).isZero();
      assertThat(run.said()).isEqualTo("hello all");
      assertThat(with.code()).isZero();
      assertThat(with.said()).isEqualTo("hello you");
      assertThat(node.runtime.images()).contains("team/tool:1.2");
      assertThat(Await.failure(node.runtime.pullImage("team/tool")))
          .isInstanceOf(ImageException.class);
      assertThat(Await.failure(node.runtime.pullImage("../kubelet")))
          .isInstanceOf(ImageException.class);
    }
  }

  @Test
  void whatCantBeStartedIsToldInTheWordsOfRunc() throws Exception {
    try (var node = new ProcessNode(directory)) {
      assertThat(node.failure(c -> c.withCommand("nothing-like-it")))
          .hasMessage(
              "unable to start container process: exec: \"nothing-like-it\": executable file not"
                  + " found in $PATH");
      assertThat(node.failure(c -> c.withCommand("/not/there")))
          .hasMessageContaining("exec: \"/not/there\": stat /not/there: no such file or directory");
      assertThat(node.failure(c -> c.withCommand("/tmp"))).hasMessageContaining("is a directory");
      assertThat(node.failure(c -> c.withCommand("/etc/passwd")))
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void restrictionsThatCantBeKeptAreRefused() throws Exception {
    try (var node = new ProcessNode(directory)) {
      assertThat(
              node.failure(
                  c ->
                      c.withNewSecurityContext()
                          .withNewSeccompProfile()
                          .withType("RuntimeDefault")
                          .endSeccompProfile()
                          .endSecurityContext()))
          .hasMessage("seccompProfile is not supported by the process runtime");
      assertThat(
              node.failure(
                  c -> c.withNewSecurityContext().withPrivileged(true).endSecurityContext()))
          .hasMessageContaining("privileged");
    }
  }

  @Test
  void longLinesAreCutAndBytesKept() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.sh("head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'a\\377b\\n'");

      assertThat(run.code()).isZero();
      var lines =
          new String(Files.readAllBytes(run.log()), java.nio.charset.StandardCharsets.ISO_8859_1)
              .lines()
              .toList();
      assertThat(lines).hasSize(4);
      assertThat(lines.get(0)).contains(" stdout P x");
      assertThat(lines.get(1)).contains(" stdout P x");
      assertThat(lines.get(2)).contains(" stdout F x");
      assertThat(lines.get(3)).endsWith(" stdout F a\u00ffb");
      assertThat(lines.subList(0, 3).stream().mapToInt(l -> l.split(" ", 4)[3].length()).sum())
          .isEqualTo(40000);
    }
  }

  @Test
  void anExecGetsTheContainersEnvironmentAndTellsItsCode() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run =
          node.run(
              c -> c.withCommand("sleep", "100").withWorkingDir("/tmp"),
              Map.of("COLOUR", "green"),
              List.of());

      var said = node.sh(run, "echo $COLOUR; pwd; echo bad >&2; exit 5");

      assertThat(said).isEqualTo(new ProcessNode.Said("green\n/tmp\n", "bad\n", 5));
      assertThat(Await.failure(node.runtime.exec(run.container(), List.of("nothing"), ALL)))
          .hasMessageContaining("exec: \"nothing\": executable file not found in $PATH");
    }
  }

  @Test
  void theEndOfAnExecsInputReachesIt() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("sleep", "100"));
      var process = node.exec(run, ALL, "cat");
      // More than pipes hold, so that both ways have to go on together.
      Buffer much = Buffer.buffer("0123456789".repeat(100_000));

      var out = ProcessNode.all(process.stdout());
      var err = ProcessNode.all(process.stderr());
      process.stdin().write(much).onFailure(Throwable::printStackTrace);
      Await.result(process.stdin().end());

      assertThat(Await.result(out)).isEqualTo(much.toString());
      assertThat(Await.result(err)).isEmpty();
      assertThat(Await.result(process.exited())).isZero();
    }
  }

  @Test
  void aReaderThatStopsHoldsTheProcessBack() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("sleep", "100"));
      var process =
          node.exec(
              run,
              new RemoteCommand(false, true, true, false),
              "/bin/sh",
              "-c",
              "i=0; while :; do printf '%65536s'; i=$((i+1)); echo $i >&2; done");
      AtomicLong written = new AtomicLong();
      process
          .stderr()
          .handler(
              b ->
                  written.set(
                      Long.parseLong(
                          b.toString().strip().lines().reduce((x, y) -> y).orElse("0"))));
      process.stderr().resume();
      process.stdout().handler(b -> process.stdout().pause());
      process.stdout().resume();

      Await.until("it has begun", () -> written.get() > 0);
      long seen =
          Await.until(
              "it has stopped",
              () -> {
                long before = written.get();
                Thread.sleep(300);
                return written.get() == before ? before : -1;
              },
              count -> count > 0);

      assertThat(seen).isLessThan(20);
      process.close();
      assertThat(Await.result(process.exited())).isEqualTo(137);
    }
  }

  @Test
  void closingAnExecEndsItAndItsChildren() throws Exception {
    try (var node = new ProcessNode(directory)) {
      String mark = "100002." + ProcessHandle.current().pid();
      var run = node.run(c -> c.withCommand("sleep", "100"));
      var process = node.exec(run, ALL, "/bin/sh", "-c", "sleep " + mark + " & wait");
      Await.until("it runs", () -> processes(mark) == 1);

      process.close();

      Await.until("it is gone", () -> processes(mark) == 0);
      assertThat(run.container().exited().isComplete()).isFalse();
    }
  }

  /** Counts the processes that sleep for such a time. */
  private static long processes(String mark) {
    return ProcessTable.all().stream()
        .filter(
            entry -> {
              try {
                return Files.readString(Path.of("/proc/" + entry.pid() + "/cmdline"))
                    .equals("sleep\0" + mark + "\0");
              } catch (java.io.IOException e) {
                return false;
              }
            })
        .count();
  }
}
