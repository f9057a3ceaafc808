package io.hubspoke.konnectivity.server;

import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Strangers;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.konnectivity.ProxiedSocket;
import io.hubspoke.tunnel.konnectivity.TunnelledConnection;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetSocket;
import java.util.Locale;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the control plane reaches by HTTP's CONNECT: a socket for each connection. */
final class ConnectFrontend {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectFrontend.class);

  private static final String PLAIN = "text/plain; charset=utf-8";

  private final Tunnels tunnels;
  private final Strangers strangers;
  private final ServerMetrics metrics;

  /**
   * @param strangers who has not said yet where to
   */
  ConnectFrontend(Tunnels tunnels, Strangers strangers, ServerMetrics metrics) {
    this.tunnels = tunnels;
    this.strangers = strangers;
    this.metrics = metrics;
  }

  /** Serves a socket; called on its context. */
  void handle(NetSocket socket) {
    metrics.httpConnection(1);
    Channel channel = ((NetSocketInternal) socket).channelHandlerContext().channel();
    channel.closeFuture().addListener(closed -> metrics.httpConnection(-1));
    strangers.arrived(channel);
    var client = ProxiedSocket.over(socket);
    Future<String> head = client.head();
    head.onComplete(
        read -> {
          if (read.succeeded()) {
            strangers.known(channel);
            request(client, read.result());
          } else {
            answer(client, "400 Bad Request", PLAIN, "400 Bad Request");
          }
        });
  }

  private void request(ProxiedSocket socket, String head) {
    String line = head.lines().findFirst().orElse("");
    String[] parts = line.split(" ", -1);
    if (parts.length != 3 || !parts[2].startsWith("HTTP/1.") || parts[1].isEmpty()) {
      answer(socket, "400 Bad Request", PLAIN, "400 Bad Request");
    } else if (!parts[0].equals("CONNECT")) {
      answer(
          socket,
          "405 Method Not Allowed",
          PLAIN,
          "this proxy only supports CONNECT passthrough\n");
    } else {
      connect(socket, parts[1]);
    }
  }

  private void connect(ProxiedSocket socket, String address) {
    // Of all that this port serves: one for each would be half a kilobyte, and on any event loop.
    var dial = tunnels.dial(socket.context(), address);
    ChannelFutureListener leaving =
        gone -> {
          if (!dial.connected().isComplete()) {
            tunnels.cancelled();
            dial.cancel().run();
          }
        };
    var gone = socket.channel().closeFuture().addListener(leaving);
    dial.connected().onComplete(done -> gone.removeListener(leaving));
    dial.connected()
        .onComplete(backend -> connected(socket, backend), failure -> refuse(socket, failure));
  }

  private void connected(ProxiedSocket socket, TunnelledConnection backend) {
    if (!socket.channel().isOpen()) {
      backend.reset().otherwiseEmpty();
      return;
    }
    socket
        .write(Buffer.buffer("HTTP/1.1 200 Connection Established\r\n\r\n"))
        .onFailure(e -> backend.reset().otherwiseEmpty());
    tunnels
        .join(socket, backend)
        .onComplete(
            (over, broken) -> {
              if (broken != null) {
                LOG.debug("frontend: {}", broken.getMessage());
              }
            });
  }

  private static void refuse(ProxiedSocket socket, Throwable failure) {
    String reason = Component.reason(failure);
    if (!(failure instanceof TunnelDownException)) {
      answer(socket, status(reason), PLAIN, reason);
    } else if (reason.startsWith(Tunnels.NO_AGENT)) {
      answer(
          socket,
          "500 Internal Server Error",
          "text/plain",
          "currently no tunnels available: " + reason);
    } else {
      answer(socket, "502 Bad Gateway", PLAIN, "Backend context error: " + reason + "\r\n");
    }
  }

  /** As the real server tells by what the agent says. */
  private static String status(String reason) {
    String known = reason.toLowerCase(Locale.ROOT);
    if (Stream.of("timeout", "deadline exceeded").anyMatch(known::contains)) {
      return "504 Gateway Timeout";
    }
    return known.contains("too many open files") ? "503 Service Unavailable" : "502 Bad Gateway";
  }

  private static void answer(ProxiedSocket socket, String status, String type, String body) {
    socket
        .write(
            Buffer.buffer(
                "HTTP/1.1 %s\r\nContent-Type: %s\r\n\r\n%s".formatted(status, type, body)))
        .onComplete(written -> socket.end().otherwiseEmpty());
  }
}
