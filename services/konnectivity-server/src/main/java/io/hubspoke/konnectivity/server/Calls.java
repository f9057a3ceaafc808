package io.hubspoke.konnectivity.server;

import io.hubspoke.tunnel.konnectivity.GrpcException;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.netty.channel.Channel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;

/** Tells a service's calls from what else comes to its port, and answers that. */
final class Calls {
  private Calls() {}

  /** Returns whether a request calls this; answers it when it does not. */
  static boolean isCallOf(HttpServerRequest request, String path) {
    if (!GrpcPackets.isCall(request)) {
      request
          .response()
          .setStatusCode(415)
          .putHeader("Content-Type", "text/plain; charset=utf-8")
          .end("this port speaks gRPC only\n")
          .otherwiseEmpty();
      return false;
    }
    if (!path.equals(request.path())) {
      GrpcPackets.refuse(
          request, new GrpcException(GrpcException.UNIMPLEMENTED, unknown(request.path())));
      return false;
    }
    return true;
  }

  /** Returns the connection that a call came by. */
  static Channel channel(HttpServerRequest request) {
    return channel(request.connection());
  }

  /** Returns what is beneath a connection. */
  static Channel channel(HttpConnection connection) {
    return ((ConnectionBase) connection).channelHandlerContext().channel();
  }

  /** As every gRPC server says it. */
  private static String unknown(String path) {
    int slash = path == null ? -1 : path.indexOf('/', 1);
    return slash < 0
        ? "malformed method name"
        : "unknown service " + path.substring(1, Math.min(slash, 200));
  }
}
