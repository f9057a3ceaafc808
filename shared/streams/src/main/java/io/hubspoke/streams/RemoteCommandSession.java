package io.hubspoke.streams;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.function.Supplier;

/** An exec or attach being served: moves bytes between process and channels until it has ended. */
final class RemoteCommandSession {
  private final RemoteCommandChannels channels;

  private RemoteCommandSession(RemoteCommandChannels channels) {
    this.channels = channels;
  }

  /**
   * Starts the process and follows it to its end, or until the client has gone.
   *
   * @return completes when the connection has ended
   */
  static Future<Void> run(RemoteCommandChannels channels, Supplier<Future<RemoteProcess>> start) {
    RemoteCommandSession session = new RemoteCommandSession(channels);
    return start
        .get()
        .compose(session::follow)
        .otherwise(failure -> new Outcome.Failed(status(failure)))
        .compose(channels::finish);
  }

  private Future<Outcome> follow(RemoteProcess process) {
    channels.closed().onComplete(gone -> process.close());
    if (channels.stdin() != null && process.stdin() != null) {
      feed(channels.stdin(), process.stdin());
    }
    channels.resizeHandler(process::resize);
    Future<Void> out = move(process.stdout(), channels.stdout());
    Future<Void> err = move(process.stderr(), channels.stderr());
    // What the process wrote is sent before how it ended; a client that has gone fails neither.
    return process
        .exited()
        .compose(code -> Future.join(out, err).otherwiseEmpty().map(moved -> exited(code)));
  }

  private static Outcome exited(int code) {
    return new Outcome.Exited(code);
  }

  /** Moves input; what a process doesn't take any more is read and dropped. */
  private static void feed(ReadStream<Buffer> from, WriteStream<Buffer> to) {
    from.pipe()
        .endOnFailure(true)
        .to(to)
        .onFailure(
            closed -> {
              from.handler(dropped -> {});
              from.resume();
            });
  }

  private static Future<Void> move(ReadStream<Buffer> from, WriteStream<Buffer> to) {
    if (from == null) {
      return Future.succeededFuture();
    }
    if (to == null) {
      from.handler(dropped -> {});
      from.resume();
      return Future.succeededFuture();
    }
    return from.pipe().endOnSuccess(false).endOnFailure(false).to(to);
  }

  private static Status status(Throwable failure) {
    return failure instanceof ApiException refused
        ? refused.status()
        : Status.internalError(
            "error executing command in container: "
                + (failure.getMessage() == null ? failure.toString() : failure.getMessage()));
  }
}
