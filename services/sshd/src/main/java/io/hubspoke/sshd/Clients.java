package io.hubspoke.sshd;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Limits those who have not logged in yet, and lets go of those who are not there any more. */
final class Clients implements SessionListener {
  private static final Logger LOG = LoggerFactory.getLogger(Clients.class);
  private static final String ALIVE = "keepalive@openssh.com";

  private final Vertx vertx;
  private final SshdOptions.Limits limits;
  private final SshdMetrics metrics;

  /** Who has not logged in yet, in the order in which they came. Guarded by itself. */
  private final Set<Session> strangers = new LinkedHashSet<>();

  private final Map<Session, AtomicInteger> unanswered = new ConcurrentHashMap<>();
  private long timer = -1;

  Clients(Vertx vertx, SshdOptions.Limits limits, SshdMetrics metrics) {
    this.vertx = vertx;
    this.metrics = metrics;
    this.limits = limits;
  }

  void start() {
    if (limits.clientAliveInterval().isPositive()) {
      timer = vertx.setPeriodic(limits.clientAliveInterval().toMillis(), t -> ask());
    }
  }

  void stop() {
    vertx.cancelTimer(timer);
  }

  /** Returns how many are connected, logged in or not. */
  int count() {
    synchronized (strangers) {
      return strangers.size() + unanswered.size();
    }
  }

  @Override
  public void sessionCreated(Session session) {
    Session leaving;
    synchronized (strangers) {
      strangers.add(session);
      if (strangers.size() <= limits.maxStartups()) {
        return;
      }
      leaving = longestOfMost();
      strangers.remove(leaving);
    }
    metrics.letGo(SshdMetrics.Reason.TOO_MANY_STRANGERS);
    LOG.warn("{} is let go: too many have not logged in yet", leaving.getRemoteAddress());
    // Not here, where MINA is still making it.
    vertx.runOnContext(
        v -> {
          var _ = leaving.close(true);
        });
  }

  /**
   * Returns who came first from the address that has most of them. Whoever just sits there must not
   * keep others out for as long as logging in may take, nor push out those of other addresses.
   */
  private Session longestOfMost() {
    Map<Object, Integer> counts = new HashMap<>();
    strangers.forEach(stranger -> counts.merge(source(stranger), 1, Integer::sum));
    int most = Collections.max(counts.values());
    return strangers.stream()
        .filter(stranger -> counts.get(source(stranger)) == most)
        .findFirst()
        .orElseThrow();
  }

  private static Object source(Session stranger) {
    SocketAddress address = stranger.getRemoteAddress();
    return address instanceof InetSocketAddress inet ? inet.getAddress() : String.valueOf(address);
  }

  private void noStranger(Session session) {
    synchronized (strangers) {
      strangers.remove(session);
    }
  }

  @Override
  public void sessionEvent(Session session, Event event) {
    if (event == Event.Authenticated) {
      noStranger(session);
      unanswered.put(session, new AtomicInteger());
      metrics.loggedIn();
      LOG.info("{} has logged in from {}", session.getUsername(), session.getRemoteAddress());
    }
  }

  @Override
  public void sessionClosed(Session session) {
    noStranger(session);
    unanswered.remove(session);
  }

  private void ask() {
    unanswered.forEach(
        (session, questions) -> {
          if (questions.getAndIncrement() >= limits.clientAliveCountMax()) {
            metrics.letGo(SshdMetrics.Reason.NOT_ALIVE);
            LOG.info("{} doesn't answer any more", session.getRemoteAddress());
            var _ = session.close(true);
            return;
          }
          var question = session.createBuffer(SshConstants.SSH_MSG_GLOBAL_REQUEST, 32);
          question.putString(ALIVE);
          question.putBoolean(true);
          try {
            // Any answer will do: it is there.
            session.request(question, ALIVE, (command, answer) -> questions.set(0));
          } catch (IOException closing) {
            LOG.debug("{}: {}", session.getRemoteAddress(), closing.getMessage());
          }
        });
  }
}
