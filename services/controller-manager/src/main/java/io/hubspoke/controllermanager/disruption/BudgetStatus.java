package io.hubspoke.controllermanager.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.controllermanager.workloads.PodState;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.function.IntSupplier;

/**
 * Works out a disruption budget's status from the pods that it selects ("Specifying a Disruption
 * Budget for your Application").
 *
 * @param status to be written
 * @param recheck when an eviction that nothing came of is forgotten; zero when there is none
 */
record BudgetStatus(ObjectNode status, Duration recheck) {
  /** How long an evicted pod may take to be deleted before it counts again. */
  static final Duration DELETION_TIMEOUT = Duration.ofMinutes(2);

  /**
   * Returns the status.
   *
   * @param scale how many pods the selected pods' owners ask for; asked only when it matters
   */
  static BudgetStatus of(ObjectNode budget, Collection<Pod> pods, IntSupplier scale, Instant now) {
    JsonNode least = budget.path("spec").path("minAvailable");
    JsonNode most = budget.path("spec").path("maxUnavailable");
    int expected;
    int desired;
    if (!most.isMissingNode()) {
      expected = scale.getAsInt();
      desired = Math.max(0, expected - share(most, expected));
    } else if (least.isTextual()) {
      expected = scale.getAsInt();
      desired = share(least, expected);
    } else {
      expected = pods.size();
      desired = least.asInt();
    }
    ObjectNode status =
        budget.path("status") instanceof ObjectNode old ? old.deepCopy() : Json.object();
    Duration recheck = Duration.ZERO;
    ObjectNode disrupted = Json.object();
    int healthy = 0;
    for (Pod pod : pods) {
      if (PodState.isDeleting(pod)) {
        continue;
      }
      String name = pod.getMetadata().getName();
      JsonNode since = status.path("disruptedPods").path(name);
      Duration left = since.isMissingNode() ? Duration.ZERO : left(since.asText(), now);
      if (left.isPositive()) {
        disrupted.set(name, since);
        recheck = recheck.isZero() || left.compareTo(recheck) < 0 ? left : recheck;
      } else if (PodState.isReady(pod)) {
        healthy++;
      }
    }
    int allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    status.remove("disruptedPods");
    if (!disrupted.isEmpty()) {
      status.set("disruptedPods", disrupted);
    }
    status
        .put("observedGeneration", generation(budget))
        .put("disruptionsAllowed", allowed)
        .put("currentHealthy", healthy)
        .put("desiredHealthy", desired)
        .put("expectedPods", expected);
    condition(
        status, allowed > 0, allowed > 0 ? "SufficientPods" : "InsufficientPods", "", budget, now);
    return new BudgetStatus(status, recheck);
  }

  /** Returns the status of a budget that can't be worked out, and so spares nothing. */
  static BudgetStatus failed(ObjectNode budget, String why, Instant now) {
    ObjectNode status =
        budget.path("status") instanceof ObjectNode old ? old.deepCopy() : Json.object();
    status.put("observedGeneration", generation(budget)).put("disruptionsAllowed", 0);
    condition(status, false, "SyncFailed", why, budget, now);
    return new BudgetStatus(status, Duration.ZERO);
  }

  private static void condition(
      ObjectNode status,
      boolean allowed,
      String reason,
      String message,
      ObjectNode budget,
      Instant now) {
    ArrayNode conditions =
        status.get("conditions") instanceof ArrayNode a ? a : status.putArray("conditions");
    String value = allowed ? "True" : "False";
    String changed = now.truncatedTo(ChronoUnit.SECONDS).toString();
    for (int i = 0; i < conditions.size(); i++) {
      JsonNode old = conditions.get(i);
      if (old.path("type").asText().equals("DisruptionAllowed")) {
        changed =
            old.path("status").asText().equals(value)
                ? old.path("lastTransitionTime").asText(changed)
                : changed;
        conditions.remove(i--);
      }
    }
    conditions
        .addObject()
        .put("type", "DisruptionAllowed")
        .put("status", value)
        .put("observedGeneration", generation(budget))
        .put("lastTransitionTime", changed)
        .put("reason", reason)
        .put("message", message);
  }

  // An int, as small numbers are read: a long would make equal statuses differ.
  private static int generation(ObjectNode budget) {
    return budget.path("metadata").path("generation").asInt();
  }

  /** Returns a number, or a share of all rounded up. */
  private static int share(JsonNode value, int all) {
    if (!value.isTextual()) {
      return value.asInt();
    }
    String text = value.textValue();
    try {
      long percent = Long.parseLong(text.substring(0, text.length() - 1));
      return Math.toIntExact((percent * all + 99) / 100);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalStateException("invalid value " + value, e);
    }
  }

  private static Duration left(String since, Instant now) {
    try {
      return Duration.between(now, Instant.parse(since).plus(DELETION_TIMEOUT));
    } catch (DateTimeException e) {
      return Duration.ZERO;
    }
  }
}
