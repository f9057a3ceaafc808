package io.hubspoke.apiserver.http;

import io.hubspoke.apiserver.authn.PresentedCertificate;
import io.hubspoke.runtime.Strangers;
import io.netty.channel.Channel;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Knows the open connections, refuses one too many, and closes those that nobody uses. */
public final class ApiConnections {
  private static final Logger LOG = LoggerFactory.getLogger(ApiConnections.class);

  private final Vertx vertx;
  private final ConnectionLimits limits;
  private final Function<List<X509Certificate>, PresentedCertificate> verify;
  private final Map<HttpConnection, ApiConnection> open = new ConcurrentHashMap<>();
  private final AtomicInteger judgement = new AtomicInteger();
  private final Strangers strangers;

  public ApiConnections(
      Vertx vertx,
      ConnectionLimits limits,
      Function<List<X509Certificate>, PresentedCertificate> verify) {
    this.vertx = vertx;
    this.limits = limits;
    this.verify = verify;
    this.strangers =
        new Strangers("--bind-address, --secure-port", Strangers.Limits.partOf(limits.most()));
  }

  /** Counts one that was accepted, before its handshake; another stranger may have to go for it. */
  void arrived(Channel channel) {
    strangers.arrived(channel);
  }

  /** Takes a connection on, when its handshake is done. */
  public void opened(HttpConnection connection) {
    // A peer that vanishes is not the server's error; requests under way hear of it themselves.
    connection.exceptionHandler(
        e -> LOG.debug("{} broke: {}", connection.remoteAddress(), e.getMessage()));
    if (open.size() >= limits.most()) {
      connection.close();
      return;
    }
    of(connection);
  }

  /**
   * Has certificates judged anew at the next request of each connection, because the authorities
   * are others.
   */
  public void judgeAgain() {
    judgement.incrementAndGet();
  }

  /** Returns how many connections are open. */
  public int size() {
    return open.size();
  }

  ApiConnection of(HttpConnection connection) {
    return open.computeIfAbsent(
        connection,
        c -> {
          ApiConnection made =
              new ApiConnection(vertx, c, limits, verify, judgement::get, strangers);
          Runnable closed =
              () -> {
                open.remove(c);
                made.closed();
              };
          if (c instanceof ConnectionBase base) {
            // Also when it has stopped being HTTP, of which its close handler would not hear.
            base.channel().closeFuture().addListener(v -> closed.run());
          } else {
            c.closeHandler(v -> closed.run());
          }
          return made;
        });
  }
}
