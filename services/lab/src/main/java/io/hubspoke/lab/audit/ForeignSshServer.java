package io.hubspoke.lab.audit;

import io.hubspoke.tunnel.ssh.Algorithms;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.forward.AcceptAllForwardingFilter;

/**
 * A whole SSH server with a key that is not the true one's. It lets in whoever comes and forwards
 * what he asks for, so that only the host key can keep a client from it.
 */
final class ForeignSshServer implements AutoCloseable {
  private static final String LOCAL = "127.0.0.1";

  private final SshServer server = SshServer.setUpDefaultServer();
  private final String hostKey;
  private final Map<Session, Visit> visits = new LinkedHashMap<>();

  /**
   * One connection to it.
   *
   * @param from who opened it
   * @param hostKey the fingerprint of what it was shown
   * @param loggedIn whether the client went on to log in, and so accepted the key
   * @param end how it ended; empty while it hasn't
   */
  record Visit(String from, String hostKey, boolean loggedIn, String end) {
    boolean decided() {
      return loggedIn || !end.isEmpty();
    }
  }

  private ForeignSshServer(KeyPair key) {
    this.hostKey = PublicKeys.fingerprint(key.getPublic());
    Algorithms.serve(server);
    server.setHost(LOCAL);
    server.setPort(0);
    server.setKeyPairProvider(KeyPairProvider.wrap(key));
    server.setUserAuthFactories(List.of(UserAuthPublicKeyFactory.INSTANCE));
    server.setPublickeyAuthenticator(
        (user, shown, session) -> {
          replace(session, visit -> new Visit(visit.from(), hostKey, true, visit.end()));
          return true;
        });
    server.setForwardingFilter(AcceptAllForwardingFilter.INSTANCE);
    server.addSessionListener(new Noting());
  }

  /** Starts one that shows this key. */
  static ForeignSshServer start(KeyPair key) throws IOException {
    var server = new ForeignSshServer(key);
    server.server.start();
    return server;
  }

  SocketAddress address() {
    return SocketAddress.inetSocketAddress(server.getPort(), LOCAL);
  }

  /** Returns all connections so far, the oldest first. */
  synchronized List<Visit> visits() {
    return List.copyOf(visits.values());
  }

  /** Returns the connections from one address so far, the oldest first. */
  synchronized List<Visit> visitsFrom(String address) {
    return visits.values().stream().filter(visit -> visit.from().equals(address)).toList();
  }

  private synchronized void replace(Session session, UnaryOperator<Visit> by) {
    visits.computeIfPresent(session, (same, visit) -> by.apply(visit));
  }

  private final class Noting implements SessionListener {
    @Override
    public void sessionCreated(Session session) {
      var from =
          session.getIoSession().getRemoteAddress() instanceof InetSocketAddress address
              ? address.getAddress().getHostAddress()
              : "";
      synchronized (ForeignSshServer.this) {
        visits.put(session, new Visit(from, hostKey, false, ""));
      }
    }

    @Override
    public void sessionDisconnect(
        Session session, int reason, String message, String language, boolean initiator) {
      end(session, message);
    }

    @Override
    public void sessionException(Session session, Throwable failure) {
      end(session, failure.getMessage() == null ? failure.toString() : failure.getMessage());
    }

    @Override
    public void sessionClosed(Session session) {
      end(session, "closed during the key exchange");
    }

    /** The first reason is the true one. */
    private void end(Session session, String why) {
      replace(
          session,
          visit ->
              visit.end().isEmpty()
                  ? new Visit(visit.from(), hostKey, visit.loggedIn(), why)
                  : visit);
    }
  }

  @Override
  public void close() throws IOException {
    server.stop(true);
  }
}
