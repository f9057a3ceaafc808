package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Bounds the requests under way, reading and changing ones apart ({@code --max-requests-inflight},
 * {@code --max-mutating-requests-inflight}), and those whose body is still on its way.
 *
 * <p>Of each kind, a user gets a quarter of the places, and another quarter is kept for nodes and
 * the control plane, so that no client stops all others. {@code system:masters} are exempt, as they
 * are in the real apiserver's priority and fairness.
 */
public final class InFlightLimits {
  private static final Set<String> CONTROL_PLANE =
      Set.of("system:apiserver", "system:kube-controller-manager", "system:kube-scheduler");

  private final Places reading;
  private final Places mutating;
  private final Places arriving;

  /** Sets the limits; 0 means none. */
  public InFlightLimits(int mostReading, int mostMutating) {
    this.reading = new Places(mostReading);
    this.mutating = new Places(mostMutating);
    this.arriving = new Places(mostMutating);
  }

  static boolean reads(RequestInfo info) {
    return switch (info.verb()) {
      case "get", "list", "watch", "head", "options" -> true;
      default -> false;
    };
  }

  /**
   * Takes a place for a request that has come as a whole.
   *
   * @return what gives it back
   * @throws io.hubspoke.api.ApiException 429 when all places that the user may have are taken
   */
  Runnable enter(RequestInfo info, User user) {
    return (reads(info) ? reading : mutating).take(user);
  }

  /** Takes a place for a request whose body is yet to come; otherwise as {@link #enter}. */
  Runnable arrive(User user) {
    return arriving.take(user);
  }

  public int reading() {
    return reading.taken();
  }

  public int mutating() {
    return mutating.taken();
  }

  /** Places of one kind. Two event loops take them. */
  private static final class Places {
    private final int most;
    private final int kept;
    private final int share;
    private final Map<String, Integer> byUser = new HashMap<>();
    private int taken;
    private int exempt;

    Places(int most) {
      this.most = most;
      this.kept = most / 4;
      this.share = Math.max(1, most / 4);
    }

    synchronized Runnable take(User user) {
      if (user.inGroup("system:masters")) {
        exempt++;
        return this::giveBackExempt;
      }
      boolean controlPlane = CONTROL_PLANE.contains(user.name());
      boolean system = controlPlane || user.inGroup("system:nodes");
      int own = byUser.getOrDefault(user.name(), 0);
      if (most > 0 && (taken >= (system ? most : most - kept) || (own >= share && !controlPlane))) {
        throw Status.tooManyRequests("Too many requests, please try again later.", 1).toException();
      }
      byUser.put(user.name(), own + 1);
      taken++;
      return () -> giveBack(user.name());
    }

    synchronized int taken() {
      return taken + exempt;
    }

    private synchronized void giveBackExempt() {
      exempt--;
    }

    private synchronized void giveBack(String user) {
      taken--;
      byUser.computeIfPresent(user, (name, count) -> count == 1 ? null : count - 1);
    }
  }
}
