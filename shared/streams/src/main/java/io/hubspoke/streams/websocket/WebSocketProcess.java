package io.hubspoke.streams.websocket;

import io.hubspoke.streams.ExitStatus;
import io.hubspoke.streams.OutcomeStatus;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.vertx.core.Future;
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
  private final ChannelConnection connection;
  private final WriteStream<Buffer> stdin;
  private final Pipe stdout;
  private final Pipe stderr;
  private final WriteStream<Buffer> resize;
  private final ExitStatus status = new ExitStatus(OutcomeStatus::fromJson);

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
        .exceptionHandler(status::fail)
        .handler(this::status)
        .endHandler(v -> status.end(null))
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
    if (!status.add(more)) {
      close();
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
      resize.write(size.json()).otherwiseEmpty();
    }
  }

  @Override
  public Future<Integer> exited() {
    return status.exited();
  }

  @Override
  public void close() {
    status.fail(new IOException("closed by the client"));
    connection.finish();
  }
}
