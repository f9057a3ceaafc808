package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.logs.LineEncoder;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The streams of a container's own process: its log, and whoever is attached to it. */
public final class Console {
  private final ContextInternal context;
  private final ContainerLog log;
  private final List<Attached> attached = new CopyOnWriteArrayList<>();
  private final Pipe stdin;
  private final ContainerInput input;
  private volatile boolean ended;
  private volatile Handler<TerminalSize> resizes = size -> {};

  /**
   * @param config says whether there is an input, and whether it ends with its first giver
   */
  Console(ContextInternal context, ContainerLog log, ContainerRuntime.ContainerConfig config) {
    this.context = context;
    this.log = log;
    this.stdin = Boolean.TRUE.equals(config.spec().getStdin()) ? new Pipe(context) : null;
    this.input =
        new ContainerInput(
            stdin == null ? null : stdin.sink(), Boolean.TRUE.equals(config.spec().getStdinOnce()));
  }

  /** Returns what is typed by those attached, null when the container has no input. */
  ReadStream<Buffer> stdin() {
    return stdin == null ? null : stdin.source();
  }

  void resizeHandler(Handler<TerminalSize> handler) {
    resizes = handler;
  }

  /**
   * Writes a line to the log and to those attached. One who is behind misses it, as whoever writes
   * doesn't wait.
   */
  void line(ContainerLog.Stream stream, String line) {
    // A container whose output can't be kept goes on, as with a full disk.
    log.write(stream, line).otherwiseEmpty();
    if (!attached.isEmpty()) {
      Buffer bytes = Buffer.buffer(line + "\n");
      for (Attached one : attached) {
        Pipe pipe = one.pipe(stream);
        if (pipe != null && !pipe.sink().writeQueueFull()) {
          pipe.sink().write(bytes).otherwiseEmpty();
        }
      }
    }
  }

  /** Returns a stream to the log and to those attached, the slowest of whom holds it back. */
  Output output(ContainerLog.Stream stream) {
    return new Output(stream);
  }

  /** Says that the process has ended. */
  void end() {
    ended = true;
    attached.forEach(Attached::end);
  }

  RemoteProcess attach(RemoteCommand streams) {
    Attached one = new Attached(streams);
    attached.add(one);
    if (ended) {
      one.end();
    }
    return one;
  }

  /** Moves what is written to the log and to those attached. */
  final class Output {
    private final Pipe pipe = new Pipe(context);
    private final ContainerLog.Stream stream;
    private final Promise<Void> written = Promise.promise();
    private final LineEncoder encoder;

    private Output(ContainerLog.Stream stream) {
      this.stream = stream;
      this.encoder = new LineEncoder(stream);
      pipe.source()
          .handler(this::pass)
          .endHandler(
              v -> {
                log.write(encoder.finish()).otherwiseEmpty();
                written.complete();
              })
          .resume();
    }

    WriteStream<Buffer> sink() {
      return pipe.sink();
    }

    /** Ends it; completes when all of it was passed on. */
    Future<Void> end() {
      pipe.sink().end().otherwiseEmpty();
      return written.future();
    }

    private void pass(Buffer bytes) {
      pipe.source().pause();
      Future<Void> passed = log.write(encoder.encode(bytes.getBytes())).otherwiseEmpty();
      for (Attached one : attached) {
        Pipe to = one.pipe(stream);
        if (to != null) {
          to.sink().write(bytes).otherwiseEmpty();
          passed = Future.join(passed, one.drained(to)).mapEmpty();
        }
      }
      passed.onComplete(v -> pipe.source().resume());
    }
  }

  /** Somebody who is attached. */
  private final class Attached implements RemoteProcess {
    private final AttachedInput in;
    private final Pipe stdout;
    private final Pipe stderr;
    private final Promise<Integer> exited = Promise.promise();

    Attached(RemoteCommand streams) {
      in = streams.stdin() ? new AttachedInput(input) : null;
      stdout = streams.stdout() ? new Pipe(context) : null;
      stderr = streams.stderr() && !streams.tty() ? new Pipe(context) : null;
    }

    Pipe pipe(ContainerLog.Stream stream) {
      return stream == ContainerLog.Stream.STDOUT ? stdout : stderr;
    }

    /** Completes when there is room, or he has gone, whose pipes are abandoned then. */
    Future<Void> drained(Pipe pipe) {
      if (!pipe.sink().writeQueueFull()) {
        return Future.succeededFuture();
      }
      Promise<Void> drained = context.promise();
      pipe.sink().drainHandler(v -> drained.tryComplete());
      return drained.future();
    }

    void end() {
      attached.remove(this);
      for (Pipe pipe : new Pipe[] {stdout, stderr}) {
        if (pipe != null) {
          pipe.sink().end().otherwiseEmpty();
        }
      }
      exited.tryComplete(0);
    }

    @Override
    public WriteStream<Buffer> stdin() {
      return in;
    }

    @Override
    public ReadStream<Buffer> stdout() {
      return stdout == null ? null : stdout.source();
    }

    @Override
    public ReadStream<Buffer> stderr() {
      return stderr == null ? null : stderr.source();
    }

    @Override
    public void resize(TerminalSize size) {
      resizes.handle(size);
    }

    @Override
    public Future<Integer> exited() {
      return exited.future();
    }

    @Override
    public void close() {
      attached.remove(this);
      if (in != null) {
        in.drainHandler(null);
      }
      for (Pipe pipe : new Pipe[] {stdout, stderr}) {
        if (pipe != null) {
          pipe.abandon();
        }
      }
      exited.tryFail("detached");
    }
  }
}
