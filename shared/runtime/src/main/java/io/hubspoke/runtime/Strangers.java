package io.hubspoke.runtime;

import io.netty.channel.Channel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one port whose other ends have not shown yet who they are: there may be so
 * many, and they have so long. Thread-safe.
 */
public final class Strangers {
  private static final Logger LOG = LoggerFactory.getLogger(Strangers.class);

  /**
   * How many there may be, and how long each.
   *
   * @param time from the connection on
   */
  public record Limits(int most, Duration time) {
    /** Nobody need show who it is; the times for handshakes and requests are others. */
    private static final Duration EVER = Duration.ofHours(1);

    /** As many as have their handshake done before the time for it is over. */
    private static final int MOST_HANDSHAKES = 4_096;

    /** For a port that many may want to enter at once, after it was away. */
    public static final Limits DEFAULT = new Limits(1024, Duration.ofSeconds(15));

    /** For a port where whoever asks is answered, and need not say who it is. */
    public static final Limits ANYBODY = new Limits(128, EVER);

    /** For a port that may have so many connections: a quarter is left to others. */
    public static Limits partOf(int connections) {
      return new Limits(Math.min(MOST_HANDSHAKES, connections - connections / 4), EVER);
    }
  }

  private final String port;
  private final Limits limits;

  /** In the order in which they came, and what ends their time. Guarded by itself. */
  private final Map<Channel, Future<?>> waiting = new LinkedHashMap<>();

  private boolean told;

  /**
   * @param port for the log, such as the flags that name it
   */
  public Strangers(String port, Limits limits) {
    this.port = port;
    this.limits = limits;
  }

  /** Returns what is beneath a connection. */
  public static Channel channel(HttpConnection connection) {
    return ((ConnectionBase) connection).channelHandlerContext().channel();
  }

  /** Counts one in, if it isn't counted yet; another may have to go for it. */
  public void arrived(Channel channel) {
    Channel leaving = null;
    synchronized (waiting) {
      if (waiting.containsKey(channel)) {
        return;
      }
      waiting.put(
          channel,
          channel
              .eventLoop()
              .schedule(() -> late(channel), limits.time().toMillis(), TimeUnit.MILLISECONDS));
      if (waiting.size() > limits.most()) {
        leaving = oneOfMost();
        forget(leaving);
        tellOnce(leaving);
      } else if (waiting.size() <= limits.most() / 2) {
        told = false;
      }
    }
    channel.closeFuture().addListener(closed -> known(channel));
    if (leaving != null) {
      var _ = leaving.close();
    }
  }

  /** Counts one out: it has shown who it is, or gone. */
  public void known(Channel channel) {
    synchronized (waiting) {
      forget(channel);
    }
  }

  /** Returns how many there are. */
  public int count() {
    synchronized (waiting) {
      return waiting.size();
    }
  }

  private void late(Channel channel) {
    boolean waits;
    synchronized (waiting) {
      waits = forget(channel);
    }
    if (waits) {
      LOG.debug("{}: {} has not shown who it is in time", port, channel.remoteAddress());
      var _ = channel.close();
    }
  }

  private boolean forget(Channel channel) {
    Future<?> limit = waiting.remove(channel);
    if (limit == null) {
      return false;
    }
    limit.cancel(false);
    return true;
  }

  private void tellOnce(Channel leaving) {
    if (!told) {
      told = true;
      LOG.warn(
          "{}: more than {} have connected and not shown who they are; the first let go is {}",
          port,
          limits.most(),
          leaving.remoteAddress());
    }
  }

  /**
   * Returns any of the address that has most of them, so that those of others are not kept out.
   * Were it the one that waits longest, a rush of them would keep each from ever being done.
   */
  private Channel oneOfMost() {
    Map<Object, Integer> counts = new HashMap<>();
    waiting.keySet().forEach(each -> counts.merge(source(each), 1, Integer::sum));
    int most = Collections.max(counts.values());
    List<Channel> candidates =
        waiting.keySet().stream().filter(each -> counts.get(source(each)) == most).toList();
    return candidates.get(ThreadLocalRandom.current().nextInt(candidates.size()));
  }

  private static Object source(Channel channel) {
    SocketAddress address = channel.remoteAddress();
    return address instanceof InetSocketAddress inet ? inet.getAddress() : String.valueOf(address);
  }
}
