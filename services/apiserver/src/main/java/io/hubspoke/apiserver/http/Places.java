package io.hubspoke.apiserver.http;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.InFlightLimits.Admission;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;

/** Places of one kind, which several event loops take, and who waits for one. */
final class Places {
  /** Who lives renews a lease and writes a status; more at a time is a flood. */
  private static final int SHARE_OF_HEALTH = 8;

  private final int most;
  private final int kept;
  private final int share;
  private final int longestQueue;
  private final Map<FlowKey, Flow> flows = new HashMap<>();

  /** Flows in which somebody waits, in the order of their turns. */
  private final Map<Level, Queue<Flow>> turns = new EnumMap<>(Level.class);

  /** The level that had the last turn. */
  private int last;

  private int taken;
  private int exempt;

  private record FlowKey(String user, Level level) {}

  /** What one user has and waits for on a level. */
  private static final class Flow {
    private final FlowKey key;
    private final int share;
    private final Queue<Promise<Runnable>> waiting = new ArrayDeque<>(2);
    private int taken;

    Flow(FlowKey key, int share) {
      this.key = key;
      this.share = share;
    }
  }

  /**
   * Makes so many places.
   *
   * @param most 0 for no limit
   * @param share how many of them a user may have
   * @param longestQueue how many requests of a user wait at a time
   */
  Places(int most, int share, int longestQueue) {
    this.most = most;
    this.kept = most / 4;
    this.share = share;
    this.longestQueue = longestQueue;
    for (Level level : Level.values()) {
      turns.put(level, new ArrayDeque<>());
    }
  }

  private int share(Level level) {
    return switch (level) {
      case CONTROL_PLANE -> Integer.MAX_VALUE;
      case HEALTH -> Math.max(1, share / SHARE_OF_HEALTH);
      case SYSTEM, OTHERS -> share;
    };
  }

  Admission take(User user, Level level) {
    Promise<Runnable> place = Promise.promise();
    Flow flow;
    synchronized (this) {
      if (user.inGroup("system:masters")) {
        exempt++;
        return new Admission(Future.succeededFuture(this::giveBackExempt), () -> {});
      }
      flow =
          flows.computeIfAbsent(
              new FlowKey(user.name(), level), key -> new Flow(key, share(level)));
      if (flow.waiting.isEmpty() && admits(flow)) {
        return new Admission(Future.succeededFuture(occupy(flow)), () -> {});
      }
      if (flow.waiting.size() >= longestQueue) {
        return new Admission(Future.failedFuture(tooMany()), () -> {});
      }
      if (flow.waiting.isEmpty()) {
        turns.get(level).add(flow);
      }
      flow.waiting.add(place);
    }
    return new Admission(place.future(), () -> giveUp(flow, place));
  }

  synchronized int taken() {
    return taken + exempt;
  }

  private boolean admits(Flow flow) {
    return most == 0
        || (taken < (flow.key.level.isSystem() ? most : most - kept) && flow.taken < flow.share);
  }

  private Runnable occupy(Flow flow) {
    taken++;
    flow.taken++;
    return () -> giveBack(flow);
  }

  private synchronized void giveBackExempt() {
    exempt--;
  }

  private void giveBack(Flow flow) {
    Promise<Runnable> next = null;
    Runnable place = null;
    synchronized (this) {
      taken--;
      flow.taken--;
      forget(flow);
      Flow turn = nextTurn();
      if (turn != null) {
        next = turn.waiting.remove();
        place = occupy(turn);
        if (!turn.waiting.isEmpty()) {
          turns.get(turn.key.level).add(turn);
        }
      }
    }
    if (next != null) {
      next.complete(place);
    }
  }

  /** Takes the flow whose turn it is, null when none has leave: the levels in turn, then users. */
  private Flow nextTurn() {
    Level[] levels = Level.values();
    for (int i = 0; i < levels.length; i++) {
      last = (last + 1) % levels.length;
      Queue<Flow> waiting = turns.get(levels[last]);
      for (int looked = waiting.size(); looked > 0; looked--) {
        Flow first = waiting.remove();
        if (admits(first)) {
          return first;
        }
        waiting.add(first);
      }
    }
    return null;
  }

  private void giveUp(Flow flow, Promise<Runnable> place) {
    synchronized (this) {
      if (!flow.waiting.remove(place)) {
        return;
      }
      if (flow.waiting.isEmpty()) {
        turns.get(flow.key.level).remove(flow);
      }
      forget(flow);
    }
    place.fail(tooMany());
  }

  private void forget(Flow flow) {
    if (flow.taken == 0 && flow.waiting.isEmpty()) {
      flows.remove(flow.key);
    }
  }

  private static ApiException tooMany() {
    return Status.tooManyRequests("Too many requests, please try again later.", 1).toException();
  }
}
