package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.resources.WorkloadResources;
import io.vertx.core.Future;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Takes evictions from the budgets that guard pods, as far as these have any left. */
final class DisruptionBudgets {
  /** More than these nobody confirmed: the disruption controller does not keep up. */
  private static final int MOST_UNCONFIRMED = 2_000;

  private static final int TRY_LATER_SECONDS = 10;

  /** Why a pod may go. */
  enum Verdict {
    ALLOWED,
    /** It is not ready, so that it counts for nothing as long as that is so. */
    ALLOWED_UNREADY
  }

  private final Registry registry;

  DisruptionBudgets(Registry registry) {
    this.registry = registry;
  }

  /**
   * Spends one disruption of the budget that guards a pod, if any.
   *
   * @return fails with 429 when there is none left
   */
  Future<Verdict> spend(Target target, ObjectNode pod, boolean dryRun) {
    List<ObjectNode> guarding = guarding(target, pod);
    if (guarding.isEmpty()) {
      return Future.succeededFuture(Verdict.ALLOWED);
    }
    if (guarding.size() > 1) {
      return Future.failedFuture(
          Status.of(
                  500,
                  "",
                  "This pod has more than one PodDisruptionBudget, which the eviction subresource"
                      + " does not support.")
              .toException());
    }
    ObjectNode budget = guarding.getFirst();
    if (!isReady(pod) && unreadyMayGo(budget)) {
      return Future.succeededFuture(Verdict.ALLOWED_UNREADY);
    }
    var status =
        new Target(
            WorkloadResources.POD_DISRUPTION_BUDGETS,
            target.namespace(),
            Meta.name(budget),
            "status");
    return registry
        .change(status, current -> spent(current, target.name()), WriteOptions.byServer(dryRun))
        .map(spent -> Verdict.ALLOWED);
  }

  /** Returns the budgets that select a pod; one without a selector selects none. */
  List<ObjectNode> guarding(Target target, ObjectNode pod) {
    var labels = Meta.labels(pod);
    return registry
        .lister()
        .list(WorkloadResources.POD_DISRUPTION_BUDGETS.type(), target.namespace())
        .stream()
        .filter(budget -> budget.path("spec").path("selector").isObject())
        .filter(
            budget ->
                LabelSelector.fromObject(budget.path("spec").path("selector")).matches(labels))
        .toList();
  }

  private static boolean isReady(ObjectNode pod) {
    JsonNode ready = condition(pod, "Ready");
    return ready.path("status").asText("").equals("True");
  }

  private static boolean unreadyMayGo(ObjectNode budget) {
    JsonNode status = budget.path("status");
    long desired = status.path("desiredHealthy").asLong();
    return budget.path("spec").path("unhealthyPodEvictionPolicy").asText("").equals("AlwaysAllow")
        || (desired > 0 && status.path("currentHealthy").asLong() >= desired);
  }

  private static ObjectNode spent(ObjectNode budget, String pod) {
    ObjectNode status =
        budget.get("status") instanceof ObjectNode s ? s : budget.putObject("status");
    long allowed = status.path("disruptionsAllowed").asLong();
    if (status.path("observedGeneration").asLong()
        < budget.path("metadata").path("generation").asLong()) {
      throw tryLater(budget).toException();
    }
    if (allowed < 0) {
      throw forbidden(budget, "pdb disruptions allowed is negative");
    }
    if (status.path("disruptedPods").size() > MOST_UNCONFIRMED) {
      throw forbidden(
          budget, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    }
    if (allowed == 0) {
      throw refused(nothingLeft(budget), 0).toException();
    }
    status.put("disruptionsAllowed", allowed - 1);
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    if (allowed == 1) {
      setDisallowed(status, now);
    }
    status.withObject("disruptedPods").put(pod, now);
    return budget;
  }

  private static String nothingLeft(ObjectNode budget) {
    JsonNode status = budget.path("status");
    JsonNode condition = condition(budget, "DisruptionAllowed");
    if (condition.path("reason").asText("").equals("SyncFailed")
        && condition.path("status").asText("").equals("False")) {
      return "The disruption budget %s does not allow evicting pods currently because it failed sync: %s"
          .formatted(Meta.name(budget), condition.path("message").asText(""));
    }
    return "The disruption budget %s needs %d healthy pods and has %d currently"
        .formatted(
            Meta.name(budget),
            status.path("desiredHealthy").asLong(),
            status.path("currentHealthy").asLong());
  }

  private static void setDisallowed(ObjectNode status, String now) {
    ArrayNode conditions =
        status.get("conditions") instanceof ArrayNode a ? a : status.putArray("conditions");
    for (int i = 0; i < conditions.size(); i++) {
      if (conditions.get(i).path("type").asText("").equals("DisruptionAllowed")) {
        conditions.remove(i--);
      }
    }
    conditions
        .addObject()
        .put("type", "DisruptionAllowed")
        .put("status", "False")
        .put("observedGeneration", status.path("observedGeneration").asLong())
        .put("lastTransitionTime", now)
        .put("reason", "InsufficientPods")
        .put("message", "");
  }

  private static JsonNode condition(ObjectNode object, String type) {
    for (JsonNode condition : object.path("status").path("conditions")) {
      if (condition.path("type").asText("").equals(type)) {
        return condition;
      }
    }
    return MissingNode.getInstance();
  }

  /** Answers that nobody knows yet what a budget allows. */
  static Status tryLater(ObjectNode budget) {
    return refused(
        "The disruption budget " + Meta.name(budget) + " is still being processed by the server.",
        TRY_LATER_SECONDS);
  }

  private static Status refused(String why, int retryAfterSeconds) {
    return new Status(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
        new Status.Details(
            "", "", "", "", List.of(new Cause("DisruptionBudget", why, "")), retryAfterSeconds));
  }

  private static RuntimeException forbidden(ObjectNode budget, String why) {
    return Status.forbidden(WorkloadResources.POD_DISRUPTION_BUDGETS.type(), Meta.name(budget), why)
        .toException();
  }
}
