package io.hubspoke.apiserver.http;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.InFlightLimits.Admission;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;

/** Places of one kind, which several event loops take, and who waits for one. */
final class Places {
  private static final Set<String> CONTROL_PLANE =
      Set.of("system:apiserver", "system:kube-controller-manager", "system:kube-scheduler");

  private final int most;
  private final int kept;
  private final int share;
  private final int longestQueue;
  private final Map<String, Flow> flows = new HashMap<>();

  /** Flows in which somebody waits, in the order of their turns. */
  private final Queue<Flow> turns = new ArrayDeque<>();

  private int taken;
  private int exempt;

  /** What one user has and waits for. */
  private static final class Flow {
    private final String user;
    private final boolean system;
    private final boolean controlPlane;
    private final Queue<Promise<Runnable>> waiting = new ArrayDeque<>();
    private int taken;

    Flow(User user) {
      this.user = user.name();
      this.controlPlane = CONTROL_PLANE.contains(user.name());
      this.system =
          controlPlane
              || user.inGroup("system:nodes")
              || user.inGroup("system:serviceaccounts:kube-system");
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
  }

  Admission take(User user) {
    Promise<Runnable> place = Promise.promise();
    Flow flow;
    synchronized (this) {
      if (user.inGroup("system:masters")) {
        exempt++;
        return new Admission(Future.succeededFuture(this::giveBackExempt), () -> {});
      }
      flow = flows.computeIfAbsent(user.name(), name -> new Flow(user));
      if (flow.waiting.isEmpty() && admits(flow)) {
        return new Admission(Future.succeededFuture(occupy(flow)), () -> {});
      }
      if (flow.waiting.size() >= longestQueue) {
        return new Admission(Future.failedFuture(tooMany()), () -> {});
      }
      if (flow.waiting.isEmpty()) {
        turns.add(flow);
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
        || (taken < (flow.system ? most : most - kept)
            && (flow.taken < share || flow.controlPlane));
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
      for (int looked = turns.size(); looked > 0 && next == null; looked--) {
        Flow first = turns.remove();
        if (admits(first)) {
          next = first.waiting.remove();
          place = occupy(first);
        }
        if (!first.waiting.isEmpty()) {
          turns.add(first);
        }
      }
    }
    if (next != null) {
      next.complete(place);
    }
  }

  private void giveUp(Flow flow, Promise<Runnable> place) {
    synchronized (this) {
      if (!flow.waiting.remove(place)) {
        return;
      }
      if (flow.waiting.isEmpty()) {
        turns.remove(flow);
      }
      forget(flow);
    }
    place.fail(tooMany());
  }

  private void forget(Flow flow) {
    if (flow.taken == 0 && flow.waiting.isEmpty()) {
      flows.remove(flow.user);
    }
  }

  private static ApiException tooMany() {
    return Status.tooManyRequests("Too many requests, please try again later.", 1).toException();
  }
}
