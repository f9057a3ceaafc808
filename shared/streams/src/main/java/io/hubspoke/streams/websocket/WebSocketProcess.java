package io.hubspoke.streams.websocket;

import io.hubspoke.api.Json;
import io.hubspoke.streams.Outcome;
import io.hubspoke.streams.OutcomeStatus;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.function.Function;

/** The client's end of an exec or attach over a WebSocket. */
public final class WebSocketProcess implements RemoteProcess {
  /** A Status that is longer is none. */
  private static final int MAX_STATUS = 1 << 20;

  private final ChannelConnection connection;
  private final WriteStream<Buffer> stdin;
  private final Pipe stdout;
  private final Pipe stderr;
  private final WriteStream<Buffer> resize;
  private final Buffer status = Buffer.buffer();
  private final Promise<Integer> exited = Promise.promise();

  private WebSocketProcess(ChannelConnection connection, RemoteCommand command) {
    this.connection = connection;
    this.stdin = command.stdin() ? connection.outgoing(WebSocketRemoteCommand.STDIN) : null;
    this.stdout = command.stdout() ? connection.incoming(WebSocketRemoteCommand.STDOUT) : null;
    this.stderr =
        command.stderr() && !command.tty()
            ? connection.incoming(WebSocketRemoteCommand.STDERR)
            : null;
    this.resize = command.tty() ? connection.outgoing(WebSocketRemoteCommand.RESIZE) : null;
    Pipe errors = connection.incoming(WebSocketRemoteCommand.ERROR);
    errors
        .source()
        .exceptionHandler(exited::tryFail)
        .handler(this::status)
        .endHandler(v -> ended())
        .resume();
  }

  /**
   * Asks for the process over {@code v5.channel.k8s.io}.
   *
   * @param refused makes the failure of what the server answered instead
   */
  public static Future<RemoteProcess> start(
      Vertx vertx,
      HttpClient http,
      RequestOptions request,
      RemoteCommand command,
      StreamTimeouts timeouts,
      Function<UpgradeAnswer.Refused, Future<RemoteProcess>> refused) {
    var connection =
        new ChannelConnection(vertx, true, ChannelProtocol.V5, WebSocketRemoteCommand.CHANNELS);
    return ClientHandshake.connect(
        http,
        request,
        ChannelProtocol.V5.subprotocol(),
        timeouts,
        connection,
        refused,
        socket -> new WebSocketProcess(connection, command));
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
    if (status.length() == 0) {
      // As kubectl has it: closed in good order without a word is success.
      exited.tryComplete(0);
      return;
    }
    switch (OutcomeStatus.fromJson(status.getBytes())) {
      case Outcome.Exited(int code) -> exited.tryComplete(code);
      case Outcome.Failed(var failure) -> exited.tryFail(failure.toException());
    }
  }

  @Override
  public WriteStream<Buffer> stdin() {
    return stdin;
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
    if (resize != null) {
      var json = Json.object().put("Width", size.width()).put("Height", size.height());
      resize.write(Buffer.buffer(Json.bytes(json))).otherwiseEmpty();
    }
  }

  @Override
  public Future<Integer> exited() {
    return exited.future();
  }

  @Override
  public void close() {
    exited.tryFail(new IOException("closed by the client"));
    connection.finish();
  }
}
