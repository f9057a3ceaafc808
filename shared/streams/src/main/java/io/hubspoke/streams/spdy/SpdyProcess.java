package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.streams.Outcome;
import io.hubspoke.streams.OutcomeStatus;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The client's end of an exec or attach over SPDY. */
public final class SpdyProcess implements RemoteProcess {
  /** A Status that is longer is none. */
  private static final int MAX_STATUS = 1 << 20;

  private final SpdyConnection connection;
  private final String protocol;
  private final Map<String, SpdyStream> streams = new HashMap<>();
  private final Promise<Integer> exited = Promise.promise();
  private final Buffer status = Buffer.buffer();
  private Throwable broken;

  private SpdyProcess(Vertx vertx, NetSocketInternal socket, String protocol) {
    this.protocol = protocol;
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

  private Future<RemoteProcess> open(RemoteCommand command, StreamTimeouts timeouts) {
    List<Future<SpdyStream>> opening =
        SpdyRemoteCommand.streams(command, protocol).stream().map(this::open).toList();
    return Future.all(opening)
        .timeout(timeouts.creation().toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS)
        .onFailure(failure -> connection.close())
        .map(
            opened -> {
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
    if (status.length() + more.length() > MAX_STATUS) {
      exited.tryFail(new IOException("error stream protocol error: a status above 1 MiB"));
      close();
      return;
    }
    status.appendBuffer(more);
  }

  private void ended() {
    if (status.length() > 0) {
      switch (outcome()) {
        case Outcome.Exited(int code) -> exited.tryComplete(code);
        case Outcome.Failed(var failure) -> exited.tryFail(failure.toException());
      }
    } else if (broken != null) {
      exited.tryFail(broken);
    } else {
      // As kubectl has it: closed in good order without a word is success.
      exited.tryComplete(0);
    }
    hangUp();
  }

  /** Closes the connection when all has come; what is not read yet stays in the streams. */
  private void hangUp() {
    streams.values().forEach(stream -> stream.end().otherwiseEmpty());
    Future.join(streams.values().stream().map(SpdyStream::closed).toList())
        .onComplete(all -> connection.close());
  }

  private Outcome outcome() {
    return protocol.equals(SpdyRemoteCommand.V4)
        ? OutcomeStatus.fromJson(status.getBytes())
        : new Outcome.Failed(Status.of(500, "Unknown", status.toString(UTF_8)));
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
      var json = Json.object().put("Width", size.width()).put("Height", size.height());
      resizes.write(Buffer.buffer(Json.bytes(json)).appendString("\n")).otherwiseEmpty();
    }
  }

  @Override
  public Future<Integer> exited() {
    return exited.future();
  }

  @Override
  public void close() {
    exited.tryFail(new IOException("closed by the client"));
    connection.close();
  }
}
