package io.hubspoke.konnectivity.agent;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.SocketDuplex;
import io.hubspoke.tunnel.Target;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.NetUtil;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.util.List;
import java.util.Locale;

/**
 * Connects with targets by TCP. What goes wrong is worded as Go's {@code net.Dial} words it: the
 * server passes it on to people who know it from the real agent.
 */
final class TargetDialer {
  private final Vertx vertx;
  private final Dialling dialling;
  private final NetClient anywhere;
  private final NetClient fromLocal;

  TargetDialer(Vertx vertx, Dialling dialling) {
    this.vertx = vertx;
    this.dialling = dialling;
    this.anywhere = vertx.createNetClient(options(dialling));
    this.fromLocal =
        dialling.localAddress() == null
            ? anywhere
            : vertx.createNetClient(
                options(dialling).setLocalAddress(dialling.localAddress().getHostAddress()));
  }

  /** Returns whether a target that takes less than it is sent is worth a line of the log. */
  boolean warnsOnChannelLimit() {
    return dialling.warnOnChannelLimit();
  }

  private static NetClientOptions options(Dialling dialling) {
    return new NetClientOptions()
        .setTcpNoDelay(true)
        .setTcpKeepAlive(true)
        .setConnectTimeout((int) dialling.timeout().toMillis());
  }

  /**
   * Connects; the result is paused and lives on the context. It fails with an {@link IOException}
   * to be told to who asked.
   */
  Future<Duplex> dial(ContextInternal context, String protocol, Target target) {
    Class<? extends InetAddress> family;
    switch (protocol) {
      case "tcp" -> family = InetAddress.class;
      case "tcp4" -> family = Inet4Address.class;
      case "tcp6" -> family = Inet6Address.class;
      default -> {
        return failed("dial " + protocol + ": unknown network " + protocol);
      }
    }
    // Names too must be found within the time.
    Promise<Duplex> dialled = context.promise();
    var timer =
        context.setTimer(
            dialling.timeout().toMillis(),
            id -> dialled.tryFail(new DialTimeoutException(protocol, target)));
    resolve(context, protocol, target)
        .map(addresses -> addresses.stream().filter(family::isInstance).toList())
        .compose(
            addresses ->
                addresses.isEmpty()
                    ? failed("dial " + protocol + ": no suitable address for " + target.host())
                    : first(context, protocol, addresses, target.port(), 0))
        .onComplete(
            done -> {
              context.owner().cancelTimer(timer);
              if (done.failed()) {
                dialled.tryFail(done.cause());
              } else if (!dialled.tryComplete(done.result())) {
                done.result().reset().otherwiseEmpty();
              }
            });
    return dialled.future();
  }

  private Future<List<InetAddress>> resolve(
      ContextInternal context, String protocol, Target target) {
    var literal = NetUtil.createByteArrayFromIpAddressString(target.host());
    if (literal != null) {
      try {
        return Future.succeededFuture(List.of(InetAddress.getByAddress(literal)));
      } catch (IOException e) {
        return Future.failedFuture(e);
      }
    }
    Promise<List<InetSocketAddress>> resolved = context.promise();
    ((VertxInternal) vertx)
        .nameResolver()
        .resolveAll(
            target.host(),
            found -> {
              if (found.succeeded()) {
                resolved.complete(found.result());
              } else {
                resolved.fail(found.cause());
              }
            });
    return resolved
        .future()
        .map(found -> found.stream().map(InetSocketAddress::getAddress).toList())
        .recover(
            unknown -> failed("dial " + protocol + ": lookup " + target.host() + ": no such host"));
  }

  /** Tries one address after the other; what was wrong with the first is what counts. */
  private Future<Duplex> first(
      ContextInternal context, String protocol, List<InetAddress> addresses, int port, int index) {
    return connect(context, protocol, addresses.get(index), port)
        .recover(
            refused ->
                index + 1 == addresses.size()
                    ? Future.failedFuture(refused)
                    : first(context, protocol, addresses, port, index + 1)
                        .recover(others -> Future.failedFuture(refused)));
  }

  private Future<Duplex> connect(
      ContextInternal context, String protocol, InetAddress address, int port) {
    var target = new Target(address.getHostAddress(), port);
    // What is dialled is what is judged: a name may mean something else the next time.
    if (!isAllowed(address)) {
      return failed(
          "dial " + protocol + " " + target.authority() + ": the agent may not dial there");
    }
    return SocketDuplex.connect(
            context,
            isLocalFor(address) ? fromLocal : anywhere,
            SocketAddress.inetSocketAddress(port, target.host()))
        .recover(
            e ->
                Future.failedFuture(
                    e instanceof ConnectTimeoutException
                        ? new DialTimeoutException(protocol, target)
                        : new IOException(
                            "dial %s %s: connect: %s"
                                .formatted(protocol, target.authority(), reason(e)),
                            e)));
  }

  private boolean isAllowed(InetAddress address) {
    return dialling.allowed().isEmpty()
        || dialling.allowed().stream().anyMatch(range -> range.contains(address));
  }

  /** From an address of loopback nothing outside it can be reached, nor from another family. */
  private boolean isLocalFor(InetAddress address) {
    var local = dialling.localAddress();
    return local != null
        && local.getClass() == address.getClass()
        && (!local.isLoopbackAddress() || address.isLoopbackAddress());
  }

  private static String reason(Throwable e) {
    if (e instanceof NoRouteToHostException) {
      return "no route to host";
    }
    var message = e.getMessage() == null ? "" : e.getMessage();
    if (e instanceof ConnectException && message.contains("refused")) {
      return "connection refused";
    }
    // Netty puts the address behind; it is in front already.
    var end = message.indexOf(": /");
    return (end < 0 ? message : message.substring(0, end)).toLowerCase(Locale.ROOT);
  }

  private static <T> Future<T> failed(String message) {
    return Future.failedFuture(new IOException(message));
  }

  Future<Void> close() {
    return Future.join(anywhere.close(), fromLocal.close()).mapEmpty();
  }

  /** Nothing answered in time. */
  static final class DialTimeoutException extends IOException {
    private static final long serialVersionUID = 1L;

    DialTimeoutException(String protocol, Target target) {
      super("dial " + protocol + " " + target.authority() + ": i/o timeout");
    }
  }
}
