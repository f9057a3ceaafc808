package io.hubspoke.streams.spdy;

import io.hubspoke.streams.ExitStatus;
import io.hubspoke.streams.OutcomeStatus;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** The client's end of an exec or attach over SPDY. */
public final class SpdyProcess implements RemoteProcess {
  private final SpdyConnection connection;
  private final String protocol;
  private final Map<String, SpdyStream> streams = new HashMap<>();
  private final ExitStatus status;
  private Throwable broken;

  private SpdyProcess(Vertx vertx, NetSocketInternal socket, String protocol) {
    this.protocol = protocol;
    this.status =
        new ExitStatus(
            protocol.equals(SpdyRemoteCommand.V4)
                ? OutcomeStatus::fromJson
                : OutcomeStatus::fromText);
    this.connection =
        SpdyConnection.over(vertx, socket, Role.CLIENT, SpdyLimits.DEFAULT, SpdyStream::reset);
  }

  /**
   * Asks for the process and opens its streams.
   *
   * @param refused makes the failure of what the server answered instead
   */
  public static Future<RemoteProcess> start(
      Vertx vertx,
      HttpClient http,
      RequestOptions request,
      RemoteCommand command,
      StreamTimeouts timeouts,
      Function<UpgradeAnswer.Refused, Future<SpdyProcess>> refused) {
    return SpdyHandshake.connect(
            http,
            request,
            SpdyRemoteCommand.PROTOCOLS,
            timeouts.creation(),
            refused,
            (socket, protocol) -> new SpdyProcess(vertx, socket, protocol))
        .compose(process -> process.open(command, timeouts));
  }

  /**
   * Opens the streams one after the other, and the one for input first. Go's servers take data of a
   * stream only some time after they replied (spdystream, SendReply and handleDataFrame), and drop
   * without a word what comes before: by the last reply that time has passed.
   */
  private Future<RemoteProcess> open(RemoteCommand command, StreamTimeouts timeouts) {
    Future<SpdyStream> opening = Future.succeededFuture();
    for (String type : SpdyRemoteCommand.streams(command, protocol)) {
      opening = opening.compose(before -> open(type));
    }
    return opening
        .timeout(timeouts.creation().toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS)
        .onFailure(failure -> connection.close())
        .map(
            last -> {
              streams
                  .get(SpdyRemoteCommand.ERROR)
                  .handler(this::status)
                  .exceptionHandler(cause -> broken = cause)
                  .endHandler(v -> ended())
                  .resume();
              return this;
            });
  }

  private Future<SpdyStream> open(String type) {
    return connection
        .open(Map.of(SpdyRemoteCommand.STREAM_TYPE, type))
        .onSuccess(stream -> streams.put(type, stream));
  }

  private void status(Buffer more) {
    if (!status.add(more)) {
      close();
    }
  }

  private void ended() {
    status.end(broken);
    hangUp();
  }

  /** Closes the connection when all has come; what is not read yet stays in the streams. */
  private void hangUp() {
    streams.values().forEach(stream -> stream.end().otherwiseEmpty());
    Future.join(streams.values().stream().map(SpdyStream::closed).toList())
        .onComplete(all -> connection.close());
  }

  @Override
  public WriteStream<Buffer> stdin() {
    return streams.get(SpdyRemoteCommand.STDIN);
  }

  @Override
  public ReadStream<Buffer> stdout() {
    return streams.get(SpdyRemoteCommand.STDOUT);
  }

  @Override
  public ReadStream<Buffer> stderr() {
    return streams.get(SpdyRemoteCommand.STDERR);
  }

  @Override
  public void resize(TerminalSize size) {
    SpdyStream resizes = streams.get(SpdyRemoteCommand.RESIZE);
    if (resizes != null) {
      resizes.write(size.json().appendString("\n")).otherwiseEmpty();
    }
  }

  @Override
  public Future<Integer> exited() {
    return status.exited();
  }

  @Override
  public void close() {
    status.fail(new IOException("closed by the client"));
    connection.close();
  }
}
