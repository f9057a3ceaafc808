package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.List;

/** A command that was exec'd in a running container. */
public final class ExecProcess implements RemoteProcess {
  private final Pipe stdin;
  private final Pipe stdout;
  private final Pipe stderr;
  private final UserProcess process;
  private final Promise<Integer> exited = Promise.promise();

  /**
   * Starts a command.
   *
   * @param context where its streams' handlers are called
   * @throws StartException when there is none of its name
   */
  public ExecProcess(
      ContextInternal context,
      UserSpace space,
      List<String> command,
      String directory,
      RemoteCommand streams) {
    stdin = streams.stdin() ? new Pipe(context) : null;
    stdout = streams.stdout() ? new Pipe(context) : null;
    stderr = streams.stderr() && !streams.tty() ? new Pipe(context) : null;
    process =
        UserProcess.start(
            space,
            command,
            directory,
            new UserProcess.Stdio(source(stdin), sink(stdout), sink(stderr), streams.tty()));
    process
        .exited()
        .onComplete(
            done -> {
              end(stdout);
              end(stderr);
              if (stdin != null) {
                stdin.abandon();
              }
              exited.tryComplete(done.result());
            });
  }

  private static ReadStream<Buffer> source(Pipe pipe) {
    return pipe == null ? null : pipe.source();
  }

  private static WriteStream<Buffer> sink(Pipe pipe) {
    return pipe == null ? null : pipe.sink();
  }

  private static void end(Pipe pipe) {
    if (pipe != null) {
      pipe.sink().end().otherwiseEmpty();
    }
  }

  @Override
  public WriteStream<Buffer> stdin() {
    return sink(stdin);
  }

  @Override
  public ReadStream<Buffer> stdout() {
    return source(stdout);
  }

  @Override
  public ReadStream<Buffer> stderr() {
    return source(stderr);
  }

  @Override
  public void resize(TerminalSize size) {
    process.resize(size);
  }

  @Override
  public Future<Integer> exited() {
    return exited.future();
  }

  @Override
  public void close() {
    process.signal(UserProcess.SIGKILL);
    for (Pipe pipe : new Pipe[] {stdin, stdout, stderr}) {
      if (pipe != null) {
        pipe.abandon();
      }
    }
  }
}
