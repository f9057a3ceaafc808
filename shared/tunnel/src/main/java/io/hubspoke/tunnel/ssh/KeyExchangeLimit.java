package io.hubspoke.tunnel.ssh;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.session.ClientSessionImpl;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.future.DefaultKeyExchangeFuture;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.session.helpers.AbstractSession;
import org.apache.sshd.common.session.helpers.KeyExchangeMessageHandler;
import org.apache.sshd.common.session.helpers.PendingWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.session.ServerSessionImpl;
import org.apache.sshd.server.session.SessionFactory;
import org.slf4j.LoggerFactory;

/**
 * Ends a connection whose other end has keys exchanged again and again, each time at the cost of
 * milliseconds of an event loop (RFC 4253 section 9 advises one an hour or a gigabyte), or that
 * never ends an exchange and asks for what is not answered before.
 */
final class KeyExchangeLimit extends KeyExchangeMessageHandler {
  /**
   * Exchanges after the first within {@link #WINDOW_NANOS}: far more than any link's speed asks.
   */
  static final int MOST = 30;

  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Messages that may wait for an exchange: of the bulk of many channels there are far fewer. */
  static final int MOST_WAITING = 1 << 16;

  private final AtomicInteger waiting = new AtomicInteger();
  private long began = System.nanoTime();
  private int exchanges;

  private KeyExchangeLimit(AbstractSession session) {
    super(session, LoggerFactory.getLogger(KeyExchangeLimit.class));
  }

  /** Limits those of a server's clients. */
  static void serve(SshServer server) {
    server.setSessionFactory(
        new SessionFactory(server) {
          @Override
          protected ServerSessionImpl doCreateSession(IoSession connection) throws Exception {
            return new ServerSessionImpl(getServer(), connection) {
              @Override
              protected KeyExchangeMessageHandler initializeKeyExchangeMessageHandler() {
                return new KeyExchangeLimit(this);
              }
            };
          }
        });
  }

  /** Limits those of the servers that a client connects with. */
  static void connect(SshClient client) {
    client.setSessionFactory(
        new org.apache.sshd.client.session.SessionFactory(client) {
          @Override
          protected ClientSessionImpl doCreateSession(IoSession connection) throws Exception {
            return new ClientSessionImpl(getClient(), connection) {
              @Override
              protected KeyExchangeMessageHandler initializeKeyExchangeMessageHandler() {
                return new KeyExchangeLimit(this);
              }
            };
          }
        });
  }

  /** Called at the beginning of each exchange but the first, whichever end wants it. */
  @Override
  public DefaultKeyExchangeFuture initNewKeyExchange() {
    if (!session.isAuthenticated()) {
      throw new IllegalStateException("new keys are exchanged before anybody has logged in");
    }
    long now = System.nanoTime();
    if (now - began > WINDOW_NANOS) {
      began = now;
      exchanges = 0;
    }
    if (++exchanges > MOST) {
      log.warn("{} has too many keys exchanged and is let go", session.getRemoteAddress());
      throw new IllegalStateException("too many key exchanges");
    }
    return super.initNewKeyExchange();
  }

  /** Doesn't count the queue by walking through it each time, as MINA does. */
  @Override
  protected PendingWriteFuture enqueuePendingPacket(int command, Buffer message) {
    var pending = new PendingWriteFuture(SshConstants.getCommandMessageName(command), message);
    pending.addListener(written -> waiting.decrementAndGet());
    pendingPackets.add(pending);
    if (waiting.incrementAndGet() == MOST_WAITING) {
      log.warn("{} does not end a key exchange and is let go", session.getRemoteAddress());
      var _ = session.close(true);
    }
    return pending;
  }
}
