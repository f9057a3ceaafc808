package io.hubspoke.kubelet.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Terminals and those attached to containers, with and without namespaces. */
class TerminalTest {
  private static final RemoteCommand TTY = new RemoteCommand(true, true, false, true);

  @TempDir Path directory;

  @Test
  void anExecWithATerminalHasItAsItsControllingOneAndSeesEachSize() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("sleep", "100"));
      var process =
          node.exec(
              run,
              TTY,
              "/bin/sh",
              "-c",
              "trap 'stty size' WINCH; tty; echo $TERM; read x; echo \"got $x\"; while :; do sleep 0.05; done");
      var screen = new Screen(process);
      screen.await("/dev/pts/");
      screen.await("xterm");

      screen.type("hello\n");
      screen.await("got hello");
      process.resize(new TerminalSize(132, 43));
      screen.await("43 132");
      screen.type("\u0003");

      assertThat(Await.result(process.exited())).isEqualTo(130);
      assertThat(process.stderr()).isNull();
    }
  }

  @Test
  void aContainerWithATerminalIsAttachedToAndLeftRunning() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("/bin/sh").withTty(true).withStdin(true));
      var first = Await.result(node.runtime.attach(run.container(), TTY));
      var second = Await.result(node.runtime.attach(run.container(), TTY));
      var one = new Screen(first);
      var two = new Screen(second);
      first.resize(new TerminalSize(100, 30));

      one.type("stty size; echo sum $((20+3))\n");
      one.await("30 100");
      one.await("sum 23");
      two.await("sum 23");
      first.close();
      assertThat(Await.result(first.exited())).isZero();
      two.type("echo still $((40+2))\n");
      two.await("still 42");
      assertThat(run.container().exited().isComplete()).isFalse();

      two.type("exit 4\n");
      assertThat(run.code()).isEqualTo(4);
      assertThat(Await.result(second.exited())).isZero();
      assertThat(run.said()).contains("sum 23");
    }
  }

  @Test
  void withStdinOnceTheEndOfTheFirstInputIsTheContainers() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("cat").withStdin(true).withStdinOnce(true));
      var attached =
          Await.result(
              node.runtime.attach(run.container(), new RemoteCommand(true, true, true, false)));
      var out = ProcessNode.all(attached.stdout());
      attached.stderr().handler(b -> {});
      attached.stderr().resume();

      Await.result(attached.stdin().write(Buffer.buffer("typed\n")));
      Await.result(attached.stdin().end());

      assertThat(run.code()).isZero();
      assertThat(Await.result(out)).isEqualTo("typed\n");
      assertThat(run.said()).isEqualTo("typed");
    }
  }

  @Test
  void withoutStdinOnceTheNextOneAttachedTypesOn() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("cat").withStdin(true));
      for (String text : new String[] {"first\n", "second\n"}) {
        var attached =
            Await.result(
                node.runtime.attach(run.container(), new RemoteCommand(true, false, false, false)));
        Await.result(attached.stdin().write(Buffer.buffer(text)));
        Await.result(attached.stdin().end());
        run.awaitSaid(text.strip());
        attached.close();
      }
      assertThat(run.stop(Duration.ZERO).code()).isEqualTo(137);
    }
  }

  @Test
  void whoeverLeavesIsNotHeldOnTo() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run = node.run(c -> c.withCommand("sleep", "100").withStdin(true));
      var left = new WeakReference<Object>(attachAndLeave(node, run));

      Await.until(
          "he is forgotten",
          () -> {
            System.gc();
            return left.get() == null;
          });
      assertThat(run.container().exited().isComplete()).isFalse();
    }
  }

  private static RemoteProcess attachAndLeave(ProcessNode node, ProcessNode.Run run)
      throws Exception {
    var attached =
        Await.result(
            node.runtime.attach(run.container(), new RemoteCommand(true, true, true, false)));
    attached.close();
    return attached;
  }

  @Test
  void someoneAttachedWhoDoesntReadIsLetGoOfAndTheContainerGoesOn() throws Exception {
    try (var node = new ProcessNode(directory)) {
      var run =
          node.run(
              c ->
                  c.withCommand(
                      "/bin/sh",
                      "-c",
                      "sleep 0.5; i=0; while [ $i -lt 100 ]; do printf '%8192s\\n'; i=$((i+1)); done; echo the end"));
      var idle =
          Await.result(
              node.runtime.attach(run.container(), new RemoteCommand(false, true, false, false)));

      run.awaitSaid("the end");

      assertThat(run.code()).isZero();
      assertThat(Await.failure(idle.exited())).hasMessageContaining("nobody read");
    }
  }

  /** What a terminal shows. */
  private static final class Screen {
    private final RemoteProcess process;
    private final AtomicReference<String> shown = new AtomicReference<>("");

    Screen(RemoteProcess process) {
      this.process = process;
      process.stdout().handler(b -> shown.updateAndGet(before -> before + b));
      process.stdout().resume();
    }

    void type(String text) {
      process.stdin().write(Buffer.buffer(text)).onFailure(Throwable::printStackTrace);
    }

    void await(String text) throws Exception {
      Await.until("the screen shows " + text, shown::get, s -> s.contains(text));
    }
  }
}
