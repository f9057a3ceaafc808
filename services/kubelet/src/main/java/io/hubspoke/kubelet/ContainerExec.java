package io.hubspoke.kubelet;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs a command in a container to its end, for probes and hooks. */
final class ContainerExec {
  /** What is kept of the output; the rest is read and forgotten, as the real kubelet does. */
  private static final int MOST_OUTPUT = 10 << 10;

  /** How a command ended. */
  record Result(int code, String output) {}

  /** A command took too long. */
  static final class TimedOutException extends RuntimeException {
    TimedOutException(List<String> command) {
      super("command \"" + String.join(" ", command) + "\" timed out", null, false, false);
    }
  }

  private final ContainerRuntime runtime;

  ContainerExec(ContainerRuntime runtime) {
    this.runtime = runtime;
  }

  /**
   * Runs a command; fails with {@link TimedOutException} when it takes too long, and is ended then.
   */
  Future<Result> run(ContainerRuntime.Container container, List<String> command, Duration timeout) {
    return runtime
        .exec(container, command, new RemoteCommand(false, true, true, false))
        .compose(process -> follow(process, command, timeout));
  }

  private static Future<Result> follow(
      RemoteProcess process, List<String> command, Duration timeout) {
    Output output = new Output();
    Future<Void> out = output.read(process.stdout());
    Future<Void> err = output.read(process.stderr());
    return process
        .exited()
        // The streams have the rest, which may still be on its way through them.
        .compose(code -> Future.join(out, err).otherwiseEmpty().map(code))
        .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .map(code -> new Result(code, output.text()))
        .recover(
            e ->
                Future.failedFuture(
                    e instanceof TimeoutException ? new TimedOutException(command) : e))
        .eventually(
            () -> {
              process.close();
              return Future.succeededFuture();
            });
  }

  private static final class Output {
    private final Buffer kept = Buffer.buffer();

    Future<Void> read(ReadStream<Buffer> stream) {
      if (stream == null) {
        return Future.succeededFuture();
      }
      Promise<Void> end = Promise.promise();
      stream.exceptionHandler(e -> end.tryComplete());
      stream.endHandler(v -> end.tryComplete());
      stream.handler(this::keep);
      stream.resume();
      return end.future();
    }

    private synchronized void keep(Buffer bytes) {
      int room = MOST_OUTPUT - kept.length();
      if (room > 0) {
        kept.appendBuffer(bytes, 0, Math.min(room, bytes.length()));
      }
    }

    synchronized String text() {
      return kept.toString(StandardCharsets.UTF_8);
    }
  }
}
