package io.hubspoke.lab.wire;

import io.hubspoke.runtime.Tls;
import io.netty.handler.ssl.SslContext;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * Stands between a client and a server: presents to the client a certificate that a foreign
 * authority issued for the server's own names, reads and alters what the client sends, and speaks
 * to the server itself.
 *
 * <p>It has no key of either end: to the server it presents nothing, or a certificate of its own.
 * It offers no ALPN, so both ends fall back to HTTP/1.1. On a way without TLS it needs no
 * certificate at all.
 */
public final class Interceptor {
  private static final int KEPT = 256;
  private static final int TIMEOUT_MILLIS = 5_000;

  private final Forger forger;
  private final Alteration alteration;
  private final NetClient towardsServer;
  private final NetClient towardsImpostor;
  private final List<Interception> interceptions = new ArrayList<>();
  private final Map<X509Certificate, SslContext> forged = new HashMap<>();

  /** Intercepts; {@code own} is what it presents to the true server, null for no certificate. */
  public Interceptor(
      Vertx vertx, Forger forger, X509ExtendedKeyManager own, Alteration alteration) {
    this.forger = forger;
    this.alteration = alteration;
    var options = new NetClientOptions().setConnectTimeout(TIMEOUT_MILLIS);
    options.setHostnameVerificationAlgorithm("");
    this.towardsServer = vertx.createNetClient(Tls.connect(options, own, Tls.trustAny(List.of())));
    this.towardsImpostor = vertx.createNetClient();
  }

  private Interceptor(Vertx vertx, Alteration alteration) {
    this.forger = null;
    this.alteration = alteration;
    this.towardsServer =
        vertx.createNetClient(new NetClientOptions().setConnectTimeout(TIMEOUT_MILLIS));
    this.towardsImpostor = vertx.createNetClient();
  }

  /** Intercepts a way on which nothing is encrypted. */
  public static Interceptor inClear(Vertx vertx, Alteration alteration) {
    return new Interceptor(vertx, alteration);
  }

  /** What became of the connections taken so far, the oldest first. */
  public synchronized List<Interception> interceptions() {
    return List.copyOf(interceptions);
  }

  /** Closes its connections to true servers. */
  public Future<Void> close() {
    return Future.join(towardsServer.close(), towardsImpostor.close()).mapEmpty();
  }

  /** Takes a connection of which no byte has been read yet. */
  Future<Relay> intercept(NetSocketInternal opener, Crossing crossing, SocketAddress target) {
    var interception = new Interception(crossing);
    note(interception);
    return towardsServer
        .connect(target)
        .onFailure(e -> interception.outcome(new Interception.Outcome.ServerUnreachable(reason(e))))
        .compose(
            server -> {
              hold(server);
              // Before the handshake, whose end isn't told on the context that sockets share.
              return farEnd(server)
                  .compose(
                      end ->
                          takeIn(opener, server, interception)
                              .map(
                                  v -> {
                                    if (end != server) {
                                      server.close();
                                    }
                                    return relay(opener, end, interception);
                                  })
                              .onFailure(e -> end.close()))
                  .onFailure(e -> server.close());
            });
  }

  private Relay relay(NetSocketInternal opener, NetSocket end, Interception interception) {
    return new Relay(
        opener,
        (NetSocketInternal) end,
        new AlteringFilter(interception, alteration),
        Relay.Pacing.AT_ONCE);
  }

  /** Until a relay listens, a socket's failure shows as the connection's end. */
  private static void hold(NetSocket socket) {
    var held = (NetSocketInternal) socket;
    held.exceptionHandler(e -> held.close());
    Relay.reading(held, false);
  }

  /** Whom the opener is made to talk to. */
  private Future<NetSocket> farEnd(NetSocket server) {
    return switch (alteration) {
      case Alteration.None _, Alteration.Replace _, Alteration.Answer _ ->
          Future.succeededFuture(server);
      case Alteration.Impersonate(var impostor) ->
          towardsImpostor.connect(impostor).onSuccess(Interceptor::hold);
    };
  }

  private Future<Void> takeIn(NetSocketInternal opener, NetSocket server, Interception into) {
    if (forger == null) {
      into.accepted(null);
      return Future.succeededFuture();
    }
    return present(opener, server, into);
  }

  private Future<Void> present(NetSocketInternal opener, NetSocket server, Interception into) {
    SslContext forgery;
    try {
      forgery = forgedFor(server);
    } catch (SSLException | RuntimeException e) {
      into.outcome(new Interception.Outcome.ServerUnreachable(reason(e)));
      return Future.failedFuture(e);
    }
    var tls = forgery.newHandler(opener.channelHandlerContext().alloc());
    Promise<Void> handshake = Promise.promise();
    tls.handshakeFuture()
        .addListener(
            done -> {
              if (done.isSuccess()) {
                Relay.reading(opener, false);
                into.accepted(subject(tls.engine()));
                handshake.complete();
              } else {
                into.outcome(new Interception.Outcome.Refused(reason(done.cause())));
                handshake.fail(done.cause());
              }
            });
    opener.channelHandlerContext().pipeline().addFirst("ssl", tls);
    Relay.reading(opener, true);
    return handshake.future();
  }

  private synchronized SslContext forgedFor(NetSocket server) throws SSLException {
    var genuine = (X509Certificate) server.peerCertificates().getFirst();
    var known = forged.get(genuine);
    if (known == null) {
      known = Tls.serverContext(forger.forge(genuine));
      forged.put(genuine, known);
    }
    return known;
  }

  private synchronized void note(Interception interception) {
    if (interceptions.size() == KEPT) {
      interceptions.removeFirst();
    }
    interceptions.add(interception);
  }

  /** Returns the subject that the client presented, null when it presented nothing. */
  private static String subject(SSLEngine engine) {
    try {
      var certificate = (X509Certificate) engine.getSession().getPeerCertificates()[0];
      return certificate.getSubjectX500Principal().getName();
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }

  private static String reason(Throwable e) {
    return TlsAlert.of(e)
        .map(alert -> "alert " + alert)
        .orElseGet(
            () ->
                e.getMessage() == null ? "connection closed during the handshake" : e.getMessage());
  }
}
