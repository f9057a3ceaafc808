package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.runtime.AttachedInput;
import io.hubspoke.kubelet.runtime.ContainerInput;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Container;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Exit;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.WriteStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A container: its first process, what that says, and who is attached to it. */
final class ContainerProcess implements Container {
  private final String id;
  private final Instant startedAt = Instant.now();
  private final ContextInternal context;
  private final Child child;
  private final ContainerSetting setting;
  private final ContainerOutput stdout;
  private final ContainerOutput stderr;
  private final FdSink stdin;
  private final ContainerInput input;
  private final int terminal;
  private final Promise<Exit> exited = Promise.promise();
  private final Set<Attachment> attached = ConcurrentHashMap.newKeySet();

  /**
   * What an exec needs to know of it.
   *
   * @param namespaced whether it is the first process of a PID namespace
   */
  record ContainerSetting(
      List<String> environment,
      String path,
      String directory,
      Credentials credentials,
      boolean namespaced,
      boolean stdinOnce) {}

  /**
   * Our ends of its streams; -1 for those there are not.
   *
   * @param terminal in place of all three
   */
  record Ends(int stdin, int stdout, int stderr, int terminal) {}

  ContainerProcess(
      String id,
      ContextInternal context,
      FdPoller poller,
      Child child,
      ContainerSetting setting,
      Ends ends,
      ContainerLog log) {
    this.id = id;
    this.context = context;
    this.child = child;
    this.setting = setting;
    this.terminal = ends.terminal;
    boolean tty = ends.terminal >= 0;
    FdSource first = new FdSource(context, poller, tty ? ends.terminal : ends.stdout);
    this.stdout = new ContainerOutput(context, first, log, ContainerLog.Stream.STDOUT);
    List<Future<Void>> outputs = new ArrayList<>(List.of(stdout.start()));
    if (tty) {
      this.stderr = null;
      this.stdin = new FdSink(context, poller, ends.terminal, () -> {});
    } else {
      FdSource second = new FdSource(context, poller, ends.stderr);
      this.stderr = new ContainerOutput(context, second, log, ContainerLog.Stream.STDERR);
      outputs.add(stderr.start());
      this.stdin =
          ends.stdin < 0
              ? null
              : new FdSink(context, poller, ends.stdin, () -> poller.closeFd(ends.stdin));
    }
    // Without stdinOnce the next one attached types on; so it does at a terminal.
    this.input = new ContainerInput(stdin, setting.stdinOnce && !tty);
    child
        .exited()
        .onComplete(
            code -> {
              Instant at = Instant.now();
              if (!setting.namespaced) {
                Thread.ofVirtual().start(() -> PlainContainers.end(id, child.pid()));
              }
              // Who hears of the end reads the log to its end, so its last line has to be there.
              Future.join(outputs)
                  .eventually(log::settled)
                  .onComplete(
                      done -> {
                        close(poller, ends);
                        exited.complete(new Exit(code.result(), at));
                        attached.forEach(Attachment::end);
                      });
            });
  }

  private void close(FdPoller poller, Ends ends) {
    if (ends.terminal >= 0) {
      stdin.cut();
      poller.closeFd(ends.terminal);
      return;
    }
    poller.closeFd(ends.stdout);
    poller.closeFd(ends.stderr);
    if (stdin != null) {
      stdin.cut();
      // Closed once, when its end was not asked for before.
      stdin.end();
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Instant startedAt() {
    return startedAt;
  }

  @Override
  public Future<Exit> exited() {
    return exited.future();
  }

  @Override
  public Future<Exit> stop(Duration grace) {
    if (grace.isZero()) {
      kill();
      return exited.future();
    }
    child.signal(Libc.SIGTERM);
    long timer = context.owner().setTimer(Math.max(1, grace.toMillis()), id -> kill());
    child.exited().onComplete(done -> context.owner().cancelTimer(timer));
    return exited.future();
  }

  /** Ends it at once, with all that it started. */
  void kill() {
    child.signal(Libc.SIGKILL);
  }

  Child child() {
    return child;
  }

  ContainerSetting setting() {
    return setting;
  }

  /** Joins its streams. */
  RemoteProcess attach(RemoteCommand streams) {
    Tap out = streams.stdout() || streams.tty() ? stdout.tap() : null;
    Tap err = streams.stderr() && stderr != null ? stderr.tap() : null;
    Attachment one = new Attachment(out, err, streams.stdin() ? new AttachedInput(input) : null);
    attached.add(one);
    one.exited().onComplete(left -> attached.remove(one));
    if (exited.future().isComplete()) {
      one.end();
    }
    return one;
  }

  private final class Attachment implements RemoteProcess {
    private final Tap out;
    private final Tap err;
    private final AttachedInput in;
    private final Promise<Integer> left = Promise.promise();

    Attachment(Tap out, Tap err, AttachedInput in) {
      this.out = out;
      this.err = err;
      this.in = in;
      ended(out).onFailure(left::tryFail);
      ended(err).onFailure(left::tryFail);
    }

    /** The process has ended: so has he once he has read what it said. */
    void end() {
      Future.join(ended(out), ended(err)).onComplete(done -> left.tryComplete(0));
    }

    private static Future<Void> ended(Tap tap) {
      return tap == null ? Future.succeededFuture() : tap.ended();
    }

    @Override
    public WriteStream<Buffer> stdin() {
      return in;
    }

    @Override
    public Tap stdout() {
      return out;
    }

    @Override
    public Tap stderr() {
      return err;
    }

    @Override
    public void resize(TerminalSize size) {
      if (terminal >= 0 && !exited.future().isComplete()) {
        Terminal.resize(terminal, size);
      }
    }

    @Override
    public Future<Integer> exited() {
      return left.future();
    }

    @Override
    public void close() {
      if (out != null) {
        out.cut();
      }
      if (err != null) {
        err.cut();
      }
      if (in != null) {
        in.drainHandler(null);
        in.end().otherwiseEmpty();
      }
      left.tryComplete(0);
    }
  }
}
