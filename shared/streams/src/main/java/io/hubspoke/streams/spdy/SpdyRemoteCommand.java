package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.streams.Outcome;
import io.hubspoke.streams.OutcomeStatus;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandChannels;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.TerminalSizes;
import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The server's end of an exec or attach over SPDY. The client opens a stream for each channel, with
 * the channel's name as a header.
 */
public final class SpdyRemoteCommand implements RemoteCommandChannels {
  static final String STREAM_TYPE = "streamtype";
  static final String ERROR = "error";
  static final String STDIN = "stdin";
  static final String STDOUT = "stdout";
  static final String STDERR = "stderr";
  static final String RESIZE = "resize";

  static final String V4 = "v4.channel.k8s.io";
  static final String V3 = "v3.channel.k8s.io";
  static final List<String> PROTOCOLS = List.of(V4, V3, "v2.channel.k8s.io", "channel.k8s.io");

  /** How long a client may take to hang up when it has been told everything. */
  private static final Duration GOODBYE = Duration.ofSeconds(10);

  /** A client opens at most five; the rest is room to refuse others one by one. */
  private static final SpdyLimits LIMITS = new SpdyLimits(8, SpdyLimits.DEFAULT.buffered());

  private final String protocol;
  private final List<String> expected;
  private final Map<String, SpdyStream> streams = new HashMap<>();
  private final Promise<RemoteCommandChannels> ready = Promise.promise();
  private final SpdyConnection connection;

  private SpdyRemoteCommand(
      Vertx vertx, NetSocketInternal socket, String protocol, RemoteCommand command) {
    this.protocol = protocol;
    this.expected = streams(command, protocol);
    this.connection = SpdyConnection.over(vertx, socket, Role.SERVER, LIMITS, this::accept);
  }

  /** Returns the streams that belong to it, first those that a client writes to. */
  static List<String> streams(RemoteCommand command, String protocol) {
    List<String> names = new ArrayList<>(5);
    if (command.stdin()) {
      names.add(STDIN);
    }
    if (command.tty() && (protocol.equals(V4) || protocol.equals(V3))) {
      names.add(RESIZE);
    }
    names.add(ERROR);
    if (command.stdout()) {
      names.add(STDOUT);
    }
    if (command.stderr() && !command.tty()) {
      names.add(STDERR);
    }
    return names;
  }

  /**
   * Agrees on a protocol, upgrades, and waits for the client's streams. A request that can't be
   * upgraded is answered, and fails with {@link io.hubspoke.streams.UpgradeRefusal}.
   */
  public static Future<RemoteCommandChannels> accept(
      Vertx vertx, HttpServerRequest request, RemoteCommand command, StreamTimeouts timeouts) {
    return SpdyHandshake.accept(
            request,
            PROTOCOLS,
            (socket, protocol) -> new SpdyRemoteCommand(vertx, socket, protocol, command))
        .compose(channels -> channels.ready(vertx, timeouts));
  }

  private Future<RemoteCommandChannels> ready(Vertx vertx, StreamTimeouts timeouts) {
    connection.closeWhenIdle(timeouts.idle());
    long timer =
        vertx.setTimer(
            timeouts.creation().toMillis(),
            id -> fail("timed out waiting for client to create streams"));
    connection.closed().onComplete(v -> fail("the client has gone"));
    return ready.future().onComplete(v -> vertx.cancelTimer(timer));
  }

  private void fail(String why) {
    if (ready.tryFail(new SpdyException(why))) {
      connection.close();
    }
  }

  private void accept(SpdyStream stream) {
    String type = stream.header(STREAM_TYPE);
    if (!expected.contains(type) || streams.putIfAbsent(type, stream) != null) {
      var _ = stream.reset();
      return;
    }
    stream.accept();
    if (streams.size() == expected.size()) {
      ready.tryComplete(this);
    }
  }

  @Override
  public ReadStream<Buffer> stdin() {
    return streams.get(STDIN);
  }

  @Override
  public WriteStream<Buffer> stdout() {
    return streams.get(STDOUT);
  }

  @Override
  public WriteStream<Buffer> stderr() {
    return streams.get(STDERR);
  }

  @Override
  public void resizeHandler(Handler<TerminalSize> handler) {
    SpdyStream resizes = streams.get(RESIZE);
    if (resizes != null) {
      resizes.handler(new TerminalSizes(handler)).resume();
    }
  }

  @Override
  public Future<Void> finish(Outcome outcome) {
    byte[] said =
        protocol.equals(V4)
            ? OutcomeStatus.json(outcome)
            : OutcomeStatus.text(outcome).getBytes(UTF_8);
    // Never at once: what other threads wrote before may still wait for its turn.
    connection.later(
        () -> {
          streams.forEach(
              (type, stream) -> {
                if (!type.equals(ERROR)) {
                  stream.end().otherwiseEmpty();
                }
              });
          streams.get(ERROR).end(Buffer.buffer(said)).otherwiseEmpty();
          connection.closeAfterPeer(GOODBYE);
        });
    return closed();
  }

  @Override
  public Future<Void> closed() {
    return connection.closed();
  }
}
