package io.hubspoke.streams.spdy;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PortForwardConnection;
import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.spdy.SpdyConnection.Role;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.net.NetSocketInternal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** The client's end of a port-forward over SPDY. */
public final class SpdyPortForwardConnection implements PortForwardConnection {
  private final SpdyConnection connection;
  private final AtomicInteger nextRequest = new AtomicInteger();

  private SpdyPortForwardConnection(SpdyConnection connection) {
    this.connection = connection;
  }

  /**
   * Connects.
   *
   * @param refused makes the failure of what the server answered instead
   */
  public static Future<PortForwardConnection> connect(
      Vertx vertx,
      HttpClient http,
      RequestOptions request,
      StreamTimeouts timeouts,
      Function<UpgradeAnswer.Refused, Future<PortForwardConnection>> refused) {
    return SpdyHandshake.connect(
        http,
        request,
        List.of(SpdyPortForward.PROTOCOL),
        timeouts.creation(),
        refused,
        (socket, agreed) -> over(vertx, socket));
  }

  /**
   * Speaks over a connection that has left HTTP already, as one tunnelled through a WebSocket.
   *
   * @param socket on its event loop, before anything is read
   */
  public static PortForwardConnection over(Vertx vertx, NetSocketInternal socket) {
    return new SpdyPortForwardConnection(
        SpdyConnection.over(vertx, socket, Role.CLIENT, SpdyLimits.DEFAULT, SpdyStream::reset));
  }

  @Override
  public Future<Duplex> open(int port) {
    String request = Integer.toString(nextRequest.getAndIncrement());
    // In turn, since Go's servers drop data that comes right after the reply: see SpdyProcess.
    return open(port, request, SpdyPortForward.DATA)
        .compose(
            data ->
                open(port, request, SpdyPortForward.ERROR)
                    .<Duplex>map(errors -> new ForwardedPort(data, errors))
                    .onFailure(failure -> data.reset().otherwiseEmpty()));
  }

  private Future<SpdyStream> open(int port, String request, String type) {
    return connection.open(
        Map.of(
            SpdyPortForward.STREAM_TYPE,
            type,
            SpdyPortForward.PORT,
            Integer.toString(port),
            SpdyPortForward.REQUEST_ID,
            request));
  }

  @Override
  public Future<Void> close() {
    connection.close();
    return connection.closed();
  }

  @Override
  public Future<Void> closed() {
    return connection.closed();
  }
}
