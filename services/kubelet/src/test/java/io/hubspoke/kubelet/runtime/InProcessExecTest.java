package io.hubspoke.kubelet.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Container;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What runs in containers of the in-process runtime besides their own programs. */
final class InProcessExecTest {
  private static final RemoteCommand OUTPUT = new RemoteCommand(false, true, true, false);
  private static final RemoteCommand ALL = new RemoteCommand(true, true, true, false);
  private static final RemoteCommand TERMINAL = new RemoteCommand(true, true, false, true);

  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();
  private InProcessRuntime runtime;
  private Sandbox sandbox;
  private Container pause;
  private Path volume;

  @BeforeEach
  void start() throws Exception {
    runtime = new InProcessRuntime(vertx, "127.0.0.1", 1 << 20);
    volume = Files.createDirectory(directory.resolve("volume"));
    Files.writeString(volume.resolve("greeting"), "hello from a file\n");
    Files.writeString(directory.resolve("secret"), "outside");
    Files.createSymbolicLink(volume.resolve("escape"), directory.resolve("secret"));
    Files.createSymbolicLink(volume.resolve("up"), Path.of(".."));
    pause = run("hubspoke/pause", false, List.of(), List.of());
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private Container run(String image, boolean stdin, List<String> command, List<String> args)
      throws Exception {
    return run(image, stdin, command, args, null);
  }

  private Container run(
      String image, boolean stdin, List<String> command, List<String> args, String hostname)
      throws Exception {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("default")
            .withName("web-0")
            .withUid("u")
            .endMetadata()
            .withNewSpec()
            .withHostNetwork(true)
            .withHostname(hostname)
            .addNewContainer()
            .withName("c")
            .withImage(image)
            .withStdin(stdin)
            .withTty(stdin)
            .endContainer()
            .endSpec()
            .build();
    sandbox = Await.result(runtime.runSandbox(new SandboxConfig(pod, directory)));
    return Await.result(
        runtime.startContainer(
            sandbox,
            new ContainerConfig(
                pod,
                pod.getSpec().getContainers().getFirst(),
                command,
                args,
                Map.of("COLOR", "green"),
                Map.of(),
                List.of(new Mount(volume, "/data", false), new Mount(volume, "/etc/config", true)),
                directory.resolve(image.replace('/', '-') + ".log"),
                0)));
  }

  /** Runs it, and returns output, errors and exit code. */
  private String sh(String script) throws Exception {
    return exec(List.of("sh", "-c", script));
  }

  /** Runs it, and returns what its output is, or why the container has no room for it. */
  private String outputOrRefusal(String script) throws Exception {
    try {
      return sh(script);
    } catch (ContainerRuntime.StartException full) {
      assertThat(full).hasMessageContaining("can't fork");
      return full.getMessage();
    }
  }

  private String exec(List<String> command) throws Exception {
    RemoteProcess process = Await.result(runtime.exec(pause, command, OUTPUT));
    Promise<Void> outEnded = Promise.promise();
    Promise<Void> errEnded = Promise.promise();
    Buffer out = collect(process.stdout(), outEnded);
    Buffer err = collect(process.stderr(), errEnded);
    int code = Await.result(process.exited());
    Await.result(Future.join(outEnded.future(), errEnded.future()));
    return out + (err.length() > 0 ? "!" + err : "") + (code == 0 ? "" : "=" + code);
  }

  @Test
  void goesByTheHostNameThatThePodAsksFor() throws Exception {
    pause = run("hubspoke/pause", false, List.of(), List.of(), "elsewhere");
    assertThat(sh("hostname; echo $HOSTNAME; cat /etc/hostname"))
        .isEqualTo("elsewhere\nelsewhere\nelsewhere\n");
  }

  private static Buffer collect(ReadStream<Buffer> stream) {
    return collect(stream, Promise.promise());
  }

  private static Buffer collect(ReadStream<Buffer> stream, Promise<Void> ended) {
    Buffer all = Buffer.buffer();
    stream.handler(all::appendBuffer);
    stream.endHandler(v -> ended.complete());
    stream.resume();
    return all;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "echo hello | hello",
        "echo 'a  b' \"c  $COLOR\" d\\ e $COLOR | a  b c  green d e green",
        "false ^^ echo no; true && echo yes | no;yes",
        "echo oops >&2; exit 3 | !oops;=3",
        "false; echo $? | 1",
        "foo | !sh: foo: not found;=127",
        "/bin/nothing x | !sh: /bin/nothing: not found;=127",
        "X=1; Y=$X$X; echo ${Y} ${Z:-none} ${#Y} $((Y+1)) | 11 none 2 12",
        "for i in 1 2 3; do if [ $i = 2 ]; then continue_=1; else echo $i; fi; done | 1;3",
        "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i | 3",
        "echo $(echo in; echo ner) | in ner",
        "(cd /data; pwd); pwd | /data;/",
        "yes x ^ head -n 2 | x;x",
        "yes ^ head -c 100000 ^ wc -c | 100000",
        "dd if=/dev/zero bs=64k count=16 status=none ^ wc -c | 1048576",
        "printf 'abc' ^ sha256sum | ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -",
        "cat /data/greeting | hello from a file",
        "ls /data | escape;greeting;up",
        "cat /data/escape | !cat: can't open '/data/escape': Permission denied;=1",
        "cat /data/up/secret | !cat: can't open '/data/up/secret': Permission denied;=1",
        "cat /data/../../../etc/hostname | web-0",
        "echo x > /etc/config/new | !sh: can't open /etc/config/new: Read-only file system;=1",
        "echo x > /data/up/new | !sh: can't open /data/up/new: Permission denied;=1",
        "echo one > /tmp/f; echo two >> /tmp/f; cat < /tmp/f; rm /tmp/f; cat /tmp/f | one;two;!cat: can't open '/tmp/f': No such file or directory;=1",
        "mkdir -p /a/b && touch /a/b/c && ls /a/b && ls /a | c;b",
        "echo kept > /data/kept; cat /etc/config/kept | kept",
        "hostname; env ^ grep COLOR | web-0;COLOR=green",
        "echo a b ^ while read x y; do echo $y $x; done | b a",
        "sleep 0.01 & wait; echo done | done",
        "echo $1 | ''",
        "mkdir -p /t/d; echo x > /t/d/f; tar cf - -C /t d ^ tar -xmf - -C /tmp; cat /tmp/d/f | x",
        "tar cf - /nothing > /dev/null | !tar: /nothing: No such file or directory;=1",
        "stty size | !stty: standard input: Not a tty;=1",
        "cat nothing 2>/dev/null; echo $? | 1",
        "if true; then echo a; elif true; then echo b; fi | a",
        "! true; echo $? | 1",
        "echo $(( 1 / 0 )) | !sh: arithmetic: divide by zero;=1",
        "( exit 4 ); echo $? | 4",
      })
  void theShellDoesWhatAShellDoes(String script, String expected) throws Exception {
    String wanted = expected.equals("''") ? "\n" : expected.replace(";", "\n");
    assertThat(sh(script.replace('^', '|')).replaceAll("\n$", ""))
        .isEqualTo(wanted.replaceAll("\n$", ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "seq 1 9000000000000000000 > /dev/null",
        "head -n 1 /dev/zero > /dev/null",
        "tee /dev/null < /dev/zero > /dev/null",
        "printf %s $(seq 1 60000) > /dev/null; while true; do :; done"
      })
  void commandsThatNeverWaitKeepNobodyElseFromRunning(String script) throws Exception {
    List<RemoteProcess> busy = new ArrayList<>();
    for (int i = 0; i <= Runtime.getRuntime().availableProcessors(); i++) {
      busy.add(Await.result(runtime.exec(pause, List.of("sh", "-c", script), OUTPUT)));
    }
    assertThat(sh("echo still here")).isEqualTo("still here\n");
    busy.forEach(RemoteProcess::close);
    for (RemoteProcess process : busy) {
      Await.result(process.exited());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        // Runs itself again and again.
        "x='eval \"$x\"'; eval \"$x\" | nested too deeply",
        "echo 'sh /tmp/again' > /tmp/again; sh /tmp/again | nested too deeply",
        "while true; do sleep 1000 & done | can't fork",
        // More than a process may be given.
        "x=$(yes ^ head -c 1000000); echo $x$x$x$x ^ wc -c | Argument list too long",
        "x=$(yes ^ head -c 1000000); set -- \"$x\"; while true; do set -- \"$@\" \"$@\"; done | Argument list too long",
        "x=$(yes ^ head -c 1000000); for i in $(seq 1 1000); do eval \"v$i=\\$x\"; done | too large",
        // More names than a file's path may have, more files than may be open.
        "mkdir -p /$(seq 1 9 ^ while read x; do yes a/ ^ head -n 2000 ^ while read y; do printf $y; done; done) | File name too long",
        "cd /data; tee $(seq 1 2000) < /dev/null | Too many open files",
      })
  void whatTakesMoreThanItsShareIsToldSo(String script, String expected) throws Exception {
    assertThat(sh(script.replace('^', '|'))).contains(expected);
    // What it has started gives back its share as it ends, a moment after the process itself.
    Await.until("others run", () -> outputOrRefusal("echo still here").equals("still here\n"));
  }

  @Test
  void manyElseIfsAndArgumentsOverflowNothing() throws Exception {
    assertThat(sh("if false; then :; " + "elif false; then :; ".repeat(30_000) + "fi"))
        .contains("nested too deeply");
    assertThat(sh("true" + " && true".repeat(100_000))).isEmpty();
    List<String> command = new ArrayList<>(Collections.nCopies(50_000, "env"));
    command.add("true");
    assertThat(exec(command)).contains("nested too deeply");
  }

  @Test
  void whatIsWrittenByHandIsToldAsASyntaxError() throws Exception {
    assertThat(sh("echo 'open")).contains("syntax error").endsWith("=2");
    assertThat(sh("if true; then echo")).contains("syntax error").endsWith("=2");
    assertThat(sh("a | | b")).contains("syntax error: unexpected").endsWith("=2");
    assertThat(sh("(".repeat(500))).contains("nested too deeply").endsWith("=2");
  }

  @Test
  void aCommandThatIsMissingFailsInTheWordsOfRunc() throws Exception {
    assertThat(Await.failure(runtime.exec(pause, List.of("foo"), OUTPUT)))
        .hasMessageContaining(
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"foo\":"
                + " executable file not found in $PATH: unknown");
    assertThat(Await.failure(runtime.exec(pause, List.of("/opt/foo"), OUTPUT)))
        .hasMessageContaining("exec: \"/opt/foo\": stat /opt/foo: no such file or directory");
  }

  @Test
  void filesAreCopiedBothWaysAsKubectlDoes() throws Exception {
    byte[] content = new byte[300_001];
    new Random(1).nextBytes(content);
    String name = "long-".repeat(30);
    Path local = Files.createDirectory(directory.resolve("local"));
    Files.write(local.resolve(name), content);
    Process tar = new ProcessBuilder("tar", "cf", "-", name).directory(local.toFile()).start();
    RemoteProcess in =
        Await.result(runtime.exec(pause, List.of("tar", "-xmf", "-", "-C", "/data"), ALL));
    in.stdout().resume();
    Buffer errors = collect(in.stderr());
    Await.result(in.stdin().write(Buffer.buffer(tar.getInputStream().readAllBytes())));
    Await.result(in.stdin().end());
    assertThat(Await.result(in.exited())).as(errors.toString()).isZero();
    assertThat(Files.readAllBytes(volume.resolve(name))).isEqualTo(content);

    RemoteProcess out =
        Await.result(runtime.exec(pause, List.of("tar", "cf", "-", "/data/" + name), OUTPUT));
    Promise<Void> ended = Promise.promise();
    Buffer archive = collect(out.stdout(), ended);
    assertThat(Await.result(out.exited())).isZero();
    Await.result(ended.future());
    Files.write(directory.resolve("archive"), archive.getBytes());
    Process back =
        new ProcessBuilder("tar", "-xOf", directory.resolve("archive").toString()).start();
    assertThat(back.getInputStream().readAllBytes()).isEqualTo(content);
  }

  @Test
  void anArchiveReachesNothingAboveItsDirectory() throws Exception {
    Path local = Files.createDirectory(directory.resolve("local"));
    Files.writeString(local.resolve("evil"), "evil");
    Process tar =
        new ProcessBuilder("tar", "-cPf", "-", "--transform=s,^,../../up/,", "evil")
            .directory(local.toFile())
            .start();
    RemoteProcess in =
        Await.result(runtime.exec(pause, List.of("tar", "-xf", "-", "-C", "/data"), ALL));
    in.stdout().resume();
    Buffer errors = collect(in.stderr());
    Await.result(in.stdin().write(Buffer.buffer(tar.getInputStream().readAllBytes())));
    Await.result(in.stdin().end());
    assertThat(Await.result(in.exited())).isEqualTo(1);
    Await.until("why", () -> errors.toString().contains("Permission denied"));
    assertThat(directory.resolve("evil")).doesNotExist();
  }

  @Test
  void inputIsReadToItsEnd() throws Exception {
    RemoteProcess process = Await.result(runtime.exec(pause, List.of("cat"), ALL));
    Buffer out = collect(process.stdout());
    process.stderr().resume();
    Await.result(process.stdin().write(Buffer.buffer("some input")));
    Await.result(process.stdin().end());
    assertThat(Await.result(process.exited())).isZero();
    Await.until("the output", () -> out.toString().equals("some input"));
  }

  @Test
  void anEndBehindMoreThanABufferOfInputArrives() throws Exception {
    Buffer input = Buffer.buffer(new byte[300_000]);
    for (int i = 0; i < 100; i++) {
      RemoteProcess process = Await.result(runtime.exec(pause, List.of("wc", "-c"), ALL));
      Buffer out = collect(process.stdout());
      process.stderr().resume();
      Await.result(process.stdin().write(input));
      Await.result(process.stdin().end());
      assertThat(Await.result(process.exited())).isZero();
      Await.until("the count", () -> out.toString().equals("300000\n"));
    }
  }

  @Test
  void aWriterWaitsForASlowReaderAndEndsWhenItHasGone() throws Exception {
    RemoteProcess process = Await.result(runtime.exec(pause, List.of("yes"), OUTPUT));
    AtomicLong read = new AtomicLong();
    process.stdout().handler(b -> read.addAndGet(b.length()));
    process.stdout().fetch(1);
    Await.until("the first bytes", () -> read.get() > 0);
    assertThat(read.get()).isLessThan(1 << 17);
    assertThat(exec(List.of("ps"))).contains(" yes\n").contains("hubspoke/pause");
    process.close();
    Await.until("yes to end", () -> !exec(List.of("ps")).contains(" yes\n"));
  }

  @Test
  void aTerminalEchoesEditsAndInterrupts() throws Exception {
    RemoteProcess process = Await.result(runtime.exec(pause, List.of("sh"), TERMINAL));
    Buffer screen = collect(process.stdout());
    process.resize(new TerminalSize(132, 43));
    Await.until("the prompt", () -> screen.toString().endsWith("/ # "));
    type(process, "stty sixe\u007f\u007fze\r");
    Await.until("the size", () -> screen.toString().contains("\r\n43 132\r\n/ # "));
    type(process, "sleep 1000\r");
    Await.until("the echo", () -> screen.toString().contains("sleep 1000\r\n"));
    Await.until("it to run", () -> screen.toString().endsWith("\r\n"));
    type(process, "\u0003");
    Await.until("the prompt again", () -> screen.toString().endsWith("^C\r\n/ # "));
    type(process, "echo $?\r");
    Await.until("its code", () -> screen.toString().contains("\r\n130\r\n/ # "));
    type(process, "exit 5\r");
    assertThat(Await.result(process.exited())).isEqualTo(5);
  }

  private static void type(RemoteProcess process, String keys) throws Exception {
    Await.result(process.stdin().write(Buffer.buffer(keys)));
  }

  @Test
  void oneAttachesToAShellAndDetaches() throws Exception {
    Container shell = run("hubspoke/shell", true, List.of(), List.of());
    RemoteProcess first = Await.result(runtime.attach(shell, TERMINAL));
    Buffer screen = collect(first.stdout());
    type(first, "echo here I am\r");
    // What was typed, and what came of it; the prompt may be between.
    Await.until(
        "the answer", screen::toString, shown -> shown.split("here I am\r\n", -1).length == 3);
    first.close();

    RemoteProcess second = Await.result(runtime.attach(shell, TERMINAL));
    Buffer other = collect(second.stdout());
    type(second, "exit 3\r");
    assertThat(Await.result(shell.exited()).code()).isEqualTo(3);
    assertThat(Await.result(second.exited())).isZero();
    Await.until("what he typed", () -> other.toString().contains("exit 3"));
    assertThat(Files.readString(directory.resolve("hubspoke-shell.log"))).contains("here I am");
  }

  @Test
  void oneAttachesToATicker() throws Exception {
    Container ticker = run("hubspoke/ticker", false, List.of(), List.of("--interval=20ms"));
    RemoteProcess attached = Await.result(runtime.attach(ticker, OUTPUT));
    Buffer out = collect(attached.stdout());
    Await.until("ticks", () -> out.toString().split("\n").length > 2);
    assertThat(out.toString()).startsWith("tick ");
    Await.result(ticker.stop(Duration.ofSeconds(1)));
    assertThat(Await.result(attached.exited())).isZero();
  }

  @Test
  void aPodsOwnCommandRunsAndItsExecsEndWithIt() throws Exception {
    Container container =
        run("hubspoke/pause", false, List.of("sh", "-c"), List.of("echo main; sleep 1000"));
    RemoteProcess process = Await.result(runtime.exec(container, List.of("sleep", "999"), OUTPUT));
    List<String> seen = new ArrayList<>();
    Await.until(
        "its line",
        () ->
            Files.exists(directory.resolve("hubspoke-pause.log"))
                && seen.add(Files.readString(directory.resolve("hubspoke-pause.log")))
                && seen.getLast().contains("stdout F main"));
    assertThat(Await.result(container.stop(Duration.ofSeconds(5))).code()).isEqualTo(143);
    assertThat(Await.result(process.exited())).isEqualTo(137);
    assertThat(Await.failure(runtime.exec(container, List.of("true"), OUTPUT)))
        .hasMessageContaining("not running");
  }

  @Test
  void portsOfThePodAreReached() throws Exception {
    Container echo = run("hubspoke/echo", false, List.of(), List.of("--port=" + freePort()));
    int port = this.port;
    Await.until(
        "it to listen",
        () ->
            Files.exists(directory.resolve("hubspoke-echo.log"))
                && Files.readString(directory.resolve("hubspoke-echo.log")).contains("listening"));
    Duplex connection = Await.result(runtime.portForward(sandbox, port));
    Buffer answer = Buffer.buffer();
    connection.handler(answer::appendBuffer);
    connection.resume();
    Await.result(
        connection.write(Buffer.buffer("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")));
    Await.until("the answer", () -> answer.toString().contains("\"path\":\"/x\""));
    Await.result(echo.stop(Duration.ZERO));
    Await.until(
        "the port closed",
        () ->
            runtime
                .portForward(sandbox, port)
                .transform(r -> Future.succeededFuture(r.failed()))
                .toCompletionStage()
                .toCompletableFuture()
                .get());
    assertThat(Await.failure(runtime.portForward(sandbox, port)))
        .hasMessageContaining("connect: connection refused");
  }

  private int port;

  private int freePort() throws Exception {
    port = FreePort.at("127.0.0.1");
    return port;
  }
}
