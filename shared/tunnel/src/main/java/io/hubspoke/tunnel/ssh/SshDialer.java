package io.hubspoke.tunnel.ssh;

import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dials from one node, over one SSH connection to it that is opened again whenever it is lost.
 * While there is none, dialling fails at once.
 */
public final class SshDialer implements Dialer {
  private static final Logger LOG = LoggerFactory.getLogger(SshDialer.class);
  private static final long FIRST_DELAY = 100;
  private static final long LONGEST_DELAY = 10_000;

  /** What a tunnel is doing. */
  public enum State {
    CONNECTING,
    UP,
    DOWN,
    CLOSED
  }

  private final Vertx vertx;
  private final SshConnector connector;
  private final String node;
  private final InetSocketAddress address;
  private final PublicKeys known;
  private final AtomicLong attempts = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private SshConnection connection;
  private State state = State.DOWN;
  private String reason = "not opened yet";
  private int failed;
  private long timer = -1;
  private long downSince = System.nanoTime();

  /**
   * Makes one, which {@link #start} opens.
   *
   * @param address where the node's SSH server listens
   * @param known the only keys that it may show
   */
  public SshDialer(
      Vertx vertx,
      SshConnector connector,
      String node,
      InetSocketAddress address,
      PublicKeys known) {
    this.vertx = vertx;
    this.connector = connector;
    this.node = node;
    this.address = address;
    this.known = known;
  }

  /** Opens the tunnel and keeps it until {@link #close}; whether it is up, {@link #state} says. */
  public SshDialer start() {
    open();
    return this;
  }

  private void open() {
    synchronized (this) {
      if (state != State.DOWN) {
        return;
      }
      state = State.CONNECTING;
    }
    attempts.incrementAndGet();
    connector.connect(name(), address, known).onSuccess(this::up).onFailure(this::failed);
  }

  private void up(SshConnection opened) {
    boolean wanted;
    synchronized (this) {
      wanted = state == State.CONNECTING;
      if (wanted) {
        connection = opened;
        state = State.UP;
        failed = 0;
      }
    }
    if (!wanted) {
      var _ = opened.close();
      return;
    }
    LOG.info("{}: tunnel to {} is up", name(), address);
    opened.closed().onSuccess(this::lost);
  }

  private void failed(Throwable failure) {
    failures.incrementAndGet();
    String why = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    boolean said = down(why);
    if (!said) {
      LOG.warn("{}: no tunnel to {}: {}", name(), address, why);
    }
  }

  private void lost(String why) {
    if (!down(why)) {
      LOG.warn("{}: tunnel to {} is down: {}", name(), address, why);
    }
  }

  /** Tries again later; returns whether there is nothing new to say. */
  private synchronized boolean down(String why) {
    if (state == State.CLOSED) {
      return true;
    }
    boolean same = failed > 0 && why.equals(reason);
    if (connection != null) {
      downSince = System.nanoTime();
      connection = null;
    }
    state = State.DOWN;
    reason = why;
    long delay = Math.min(LONGEST_DELAY, FIRST_DELAY << Math.min(failed, 10));
    failed++;
    // Some sooner, some later: a thousand tunnels that were lost together don't come together.
    delay = delay / 2 + ThreadLocalRandom.current().nextLong(delay / 2 + 1);
    timer = vertx.setTimer(delay, t -> open());
    return same;
  }

  @Override
  public String name() {
    return "ssh " + node;
  }

  @Override
  public Future<Duplex> dial(Target target) {
    SshConnection through;
    String why;
    synchronized (this) {
      through = connection;
      why = state == State.CONNECTING ? "the tunnel is being opened" : reason;
    }
    return through == null
        ? Future.failedFuture(new TunnelDownException(name(), why))
        : through.open(target);
  }

  public synchronized State state() {
    return state;
  }

  /** Returns for how long it has not been up. */
  public synchronized Duration downFor() {
    return state == State.UP ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - downSince);
  }

  /** Returns why it is not up, for people. */
  public synchronized String reason() {
    return reason;
  }

  /** Returns how many connections are open through it, or being opened. */
  public synchronized int connections() {
    return connection == null ? 0 : connection.connections();
  }

  /** Returns how often it was tried to open it. */
  public long attempts() {
    return attempts.get();
  }

  /** Returns how many of these did not succeed. */
  public long failures() {
    return failures.get();
  }

  @Override
  public Future<Void> close() {
    SshConnection open;
    synchronized (this) {
      open = connection;
      connection = null;
      state = State.CLOSED;
      reason = "it was closed";
      vertx.cancelTimer(timer);
    }
    return open == null ? Future.succeededFuture() : open.close();
  }
}
