package io.hubspoke.client.scheduling;

import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Which taints a pod bears ("Taints and Tolerations"). */
public final class Tolerations {
  public static final String NO_SCHEDULE = "NoSchedule";
  public static final String NO_EXECUTE = "NoExecute";

  private Tolerations() {}

  /** Finds the first taint with one of the effects that none of the tolerations is for. */
  public static Optional<Taint> untolerated(
      List<Taint> taints, Set<String> effects, List<Toleration> tolerations) {
    return taints.stream()
        .filter(taint -> effects.contains(taint.getEffect()))
        .filter(taint -> tolerations.stream().noneMatch(t -> tolerates(t, taint)))
        .findFirst();
  }

  /** Returns whether the toleration is for the taint; one without an effect is for all effects. */
  public static boolean tolerates(Toleration toleration, Taint taint) {
    if (!orEmpty(toleration.getEffect()).isEmpty()
        && !toleration.getEffect().equals(taint.getEffect())) {
      return false;
    }
    var key = orEmpty(toleration.getKey());
    if (!key.isEmpty() && !key.equals(taint.getKey())) {
      return false;
    }
    return switch (orEmpty(toleration.getOperator())) {
      case "Exists" -> true;
      case "Equal", "" ->
          !key.isEmpty() && orEmpty(toleration.getValue()).equals(orEmpty(taint.getValue()));
      default -> false;
    };
  }

  private static String orEmpty(String value) {
    return value == null ? "" : value;
  }
}
