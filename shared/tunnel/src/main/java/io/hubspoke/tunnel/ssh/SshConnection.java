package io.hubspoke.tunnel.ssh;

import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.time.Duration;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.session.ConnectionService;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.common.session.helpers.AbstractConnectionService;
import org.apache.sshd.common.util.threads.ThreadUtils;

/** One SSH connection that is open and authenticated, through which others are opened. */
public final class SshConnection {
  private final VertxInternal vertx;
  private final String tunnel;
  private final ClientSession session;
  private final Duration dialTimeout;
  private final Promise<String> closed = Promise.promise();
  private volatile String reason = "the connection was closed by the far end";

  SshConnection(Vertx vertx, String tunnel, ClientSession session, Duration dialTimeout) {
    this.vertx = (VertxInternal) vertx;
    this.tunnel = tunnel;
    this.session = session;
    this.dialTimeout = dialTimeout;
    session.addSessionListener(new Reasons());
    session.addCloseFutureListener(done -> closed.tryComplete(reason));
  }

  /** Remembers why it ends. */
  private final class Reasons implements SessionListener {
    @Override
    public void sessionException(Session of, Throwable failure) {
      reason =
          failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    @Override
    public void sessionDisconnect(
        Session of, int code, String message, String language, boolean initiator) {
      reason = message;
    }
  }

  /** Opens a connection from the far end, which lives on the context that calls. */
  Future<Duplex> open(Target target) {
    ContextInternal context = vertx.getOrCreateContext();
    DirectTcpipChannel channel = new DirectTcpipChannel(context, tunnel, target);
    try {
      ThreadUtils.runAsInternal(
          () -> {
            session.getService(ConnectionService.class).registerChannel(channel);
            return channel.open();
          });
    } catch (Exception closing) {
      return context.failedFuture(new TunnelDownException(tunnel, reason(closing)));
    }
    long timer =
        vertx.setTimer(
            dialTimeout.toMillis(),
            t ->
                channel.giveUp(
                    new IOException(
                        "%s: no connection to %s within %d ms"
                            .formatted(tunnel, target.authority(), dialTimeout.toMillis()))));
    return channel.result().onComplete(done -> vertx.cancelTimer(timer));
  }

  private static String reason(Exception closing) {
    return closing.getMessage() == null ? "the connection is closing" : closing.getMessage();
  }

  /** Returns how many connections are open through it, or being opened. */
  int connections() {
    return session.getService(ConnectionService.class) instanceof AbstractConnectionService service
        ? service.getChannels().size()
        : 0;
  }

  /** Completes when it has ended, with the reason. */
  public Future<String> closed() {
    return closed.future();
  }

  /** Ends it and all that was opened through it. */
  public Future<Void> close() {
    reason = "it was closed";
    var _ = session.close(true);
    return closed.future().mapEmpty();
  }
}
