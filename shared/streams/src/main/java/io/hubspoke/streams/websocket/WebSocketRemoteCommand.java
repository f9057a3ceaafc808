package io.hubspoke.streams.websocket;

import io.hubspoke.streams.Outcome;
import io.hubspoke.streams.OutcomeStatus;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandChannels;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.TerminalSizes;
import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The server's end of an exec or attach over a WebSocket. */
public final class WebSocketRemoteCommand implements RemoteCommandChannels {
  static final int STDIN = 0;
  static final int STDOUT = 1;
  static final int STDERR = 2;
  static final int ERROR = 3;
  static final int RESIZE = 4;
  static final int CHANNELS = 5;

  private static final List<ChannelProtocol> SUPPORTED = Arrays.asList(ChannelProtocol.values());

  private final ChannelConnection connection;
  private final Pipe stdin;
  private final WriteStream<Buffer> stdout;
  private final WriteStream<Buffer> stderr;
  private final ReadStream<Buffer> resizes;

  private WebSocketRemoteCommand(ChannelConnection connection, RemoteCommand command) {
    this.connection = connection;
    this.stdin = command.stdin() ? connection.incoming(STDIN) : null;
    this.stdout = command.stdout() ? connection.outgoing(STDOUT) : null;
    this.stderr = command.stderr() && !command.tty() ? connection.outgoing(STDERR) : null;
    this.resizes = command.tty() ? connection.incoming(RESIZE).source() : null;
  }

  /**
   * Agrees on a subprotocol and upgrades. A request that can't be upgraded is answered, and fails
   * with {@link io.hubspoke.streams.UpgradeRefusal}.
   */
  public static Future<RemoteCommandChannels> accept(
      Vertx vertx, HttpServerRequest request, RemoteCommand command, StreamTimeouts timeouts) {
    var chosen = ChannelProtocol.choose(ServerHandshake.offered(request), SUPPORTED);
    if (chosen.isEmpty()) {
      return ServerHandshake.refuse(
          request,
          SUPPORTED.stream().map(ChannelProtocol::subprotocol).collect(Collectors.joining(" ")));
    }
    var connection = new ChannelConnection(vertx, false, chosen.get(), CHANNELS);
    return ServerHandshake.accept(
            request,
            chosen.get().subprotocol(),
            timeouts,
            connection,
            socket -> new WebSocketRemoteCommand(connection, command).opened())
        // What is started now finds the connection's event loop, and its streams stay there.
        .compose(channels -> connection.streams().succeededFuture(channels));
  }

  /** Tells the client, by an empty message, that it is connected. */
  private RemoteCommandChannels opened() {
    var _ =
        connection.send(
            stdout != null ? STDOUT : stderr != null ? STDERR : ERROR, Unpooled.EMPTY_BUFFER);
    return this;
  }

  @Override
  public ReadStream<Buffer> stdin() {
    return stdin == null ? null : stdin.source();
  }

  @Override
  public WriteStream<Buffer> stdout() {
    return stdout;
  }

  @Override
  public WriteStream<Buffer> stderr() {
    return stderr;
  }

  @Override
  public void resizeHandler(Handler<TerminalSize> handler) {
    if (resizes != null) {
      resizes.handler(new TerminalSizes(handler)).resume();
    }
  }

  @Override
  public Future<Void> finish(Outcome outcome) {
    boolean status = connection.protocol().status();
    byte[] said =
        status
            ? OutcomeStatus.json(outcome)
            : OutcomeStatus.text(outcome).getBytes(StandardCharsets.UTF_8);
    // Never at once: what other threads wrote before may still wait for its turn.
    connection.later(
        () -> {
          if (said.length > 0) {
            var _ = connection.send(ERROR, Unpooled.wrappedBuffer(said));
          }
          connection.finish();
        });
    return closed().otherwiseEmpty();
  }

  @Override
  public Future<Void> closed() {
    return connection.closed();
  }
}
