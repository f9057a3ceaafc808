package io.hubspoke.apiserver.http;

import io.hubspoke.apiserver.authn.PresentedCertificate;
import io.hubspoke.runtime.Strangers;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpVersion;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * A client's connection: whose certificate it has, and whether anybody still uses it. Confined to
 * its event loop.
 */
final class ApiConnection {
  private static final long NO_TIMER = -1;

  private final Vertx vertx;
  private final HttpConnection connection;
  private final ConnectionLimits limits;
  private final Function<List<X509Certificate>, PresentedCertificate> verify;
  private final IntSupplier judgement;
  private final Strangers strangers;
  private PresentedCertificate certificate;
  private int judged = -1;
  private boolean known;
  private boolean http2;
  private boolean closed;
  private boolean condemned;
  private int active;
  private long timer = NO_TIMER;

  ApiConnection(
      Vertx vertx,
      HttpConnection connection,
      ConnectionLimits limits,
      Function<List<X509Certificate>, PresentedCertificate> verify,
      IntSupplier judgement,
      Strangers strangers) {
    this.vertx = vertx;
    this.strangers = strangers;
    this.judgement = judgement;
    this.connection = connection;
    this.limits = limits;
    this.verify = verify;
    closeAfter(limits.firstRequest().toMillis());
  }

  /** Returns the client certificate as judged by the authorities that there are now. */
  PresentedCertificate certificate() {
    int now = judgement.getAsInt();
    if (judged != now) {
      judged = now;
      try {
        List<X509Certificate> chain =
            connection.peerCertificates().stream().map(X509Certificate.class::cast).toList();
        certificate = chain.isEmpty() ? PresentedCertificate.NONE : verify.apply(chain);
      } catch (SSLPeerUnverifiedException e) {
        // Certificates are asked for, not required.
        certificate = PresentedCertificate.NONE;
      }
    }
    return certificate;
  }

  /** Notes that a request has shown who is there. */
  void authenticated() {
    if (!known) {
      known = true;
      strangers.known(Strangers.channel(connection));
    }
  }

  /** Lets the request under way be the last one. */
  void condemn() {
    condemned = true;
  }

  /** Returns whether requests on this connection are not to be believed any more. */
  boolean isCondemned() {
    return condemned;
  }

  void requestBegan(HttpVersion version) {
    http2 = version == HttpVersion.HTTP_2;
    if (active++ == 0) {
      cancelTimer();
      if (http2) {
        timer = vertx.setTimer(limits.ping().toMillis(), t -> ping());
      }
    }
  }

  void requestEnded() {
    if (--active == 0 && !closed) {
      cancelTimer();
      if (condemned) {
        connection.close();
        return;
      }
      closeAfter(limits.idle().toMillis());
    }
  }

  void closed() {
    closed = true;
    cancelTimer();
  }

  private void closeAfter(long millis) {
    timer = vertx.setTimer(millis, t -> connection.close());
  }

  /** Finds half-open connections, whose watches would otherwise stay for as long as TCP tries. */
  private void ping() {
    timer = vertx.setTimer(limits.ping().toMillis(), t -> connection.close());
    connection
        .ping(Buffer.buffer(8).appendLong(System.nanoTime()))
        .onSuccess(
            pong -> {
              if (!closed && active > 0) {
                cancelTimer();
                timer = vertx.setTimer(limits.ping().toMillis(), t -> ping());
              }
            })
        .onFailure(gone -> connection.close());
  }

  private void cancelTimer() {
    if (timer != NO_TIMER) {
      vertx.cancelTimer(timer);
      timer = NO_TIMER;
    }
  }
}
