package io.hubspoke.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;

/** Writes down why pods wait, where room is made for them, and ends the pods that give way. */
final class FailureReport {
  private static final String SCHEDULED = "PodScheduled";
  private static final String DISRUPTED = "DisruptionTarget";

  private final ApiClient client;
  private final EventRecorder events;

  FailureReport(ApiClient client, EventRecorder events) {
    this.client = client;
    this.events = events;
  }

  void event(PodInfo pod, String message) {
    events.warning(Regarding.of(pod.pod()), "FailedScheduling", message);
  }

  /** Writes why a pod waits and the node nominated for it, unless its status says so already. */
  void status(PodInfo pod, String message, String nominatedNode) {
    var known = condition(pod, SCHEDULED);
    var said =
        known != null
            && "False".equals(known.getStatus())
            && "Unschedulable".equals(known.getReason())
            && message.equals(known.getMessage());
    if (said && nominatedNode.equals(pod.nominatedNode())) {
      return;
    }
    var patch = Json.object();
    var status = patch.putObject("status");
    if (!nominatedNode.equals(pod.nominatedNode())) {
      nominate(status, nominatedNode);
    }
    if (!said) {
      add(status, SCHEDULED, "False", "Unschedulable", message, known);
    }
    patch(pod, patch);
  }

  /** Takes back that room is made for a pod. */
  void clearNomination(PodInfo pod) {
    if (!pod.nominatedNode().isEmpty()) {
      var patch = Json.object();
      nominate(patch.putObject("status"), "");
      patch(pod, patch);
    }
  }

  /** Ends a pod in the time that it asks for, so that another gets its place. */
  void preempt(PodInfo victim, PodInfo preemptor, String node) {
    if (victim.kind().terminating()) {
      return;
    }
    var metadata = victim.pod().getMetadata();
    var patch = Json.object();
    add(
        patch.putObject("status"),
        DISRUPTED,
        "True",
        "PreemptionByScheduler",
        preemptor.pod().getSpec().getSchedulerName()
            + ": preempting to accommodate a higher priority pod",
        condition(victim, DISRUPTED));
    patch(victim, patch);
    client
        .deleteIfPresent(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            new DeleteOptions(-1, metadata.getUid()))
        .await();
    events.normal(
        Regarding.of(victim.pod()),
        "Preempted",
        "Preempted by pod " + preemptor.uid() + " on node " + node);
  }

  private static void nominate(ObjectNode status, String node) {
    if (node.isEmpty()) {
      status.putNull("nominatedNodeName");
    } else {
      status.put("nominatedNodeName", node);
    }
  }

  private static void add(
      ObjectNode status,
      String type,
      String value,
      String reason,
      String message,
      PodCondition before) {
    var condition =
        status
            .putArray("conditions")
            .addObject()
            .put("type", type)
            .put("status", value)
            .put("reason", reason)
            .put("message", message)
            .putNull("lastProbeTime");
    if (before == null || !value.equals(before.getStatus())) {
      condition.put("lastTransitionTime", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }
  }

  private static PodCondition condition(PodInfo pod, String type) {
    var status = pod.pod().getStatus();
    var conditions = status == null ? null : status.getConditions();
    return (conditions == null ? List.<PodCondition>of() : conditions)
        .stream()
            .filter(condition -> Objects.equals(type, condition.getType()))
            .findFirst()
            .orElse(null);
  }

  private void patch(PodInfo pod, ObjectNode patch) {
    var metadata = pod.pod().getMetadata();
    // Of another pod with the same name nothing is to be said.
    patch.putObject("metadata").put("uid", metadata.getUid());
    try {
      client
          .patchStatus(
              Resource.PODS,
              metadata.getNamespace(),
              metadata.getName(),
              PatchType.STRATEGIC_MERGE,
              patch)
          .await();
    } catch (ApiException refused) {
      // The pod is gone or changed; what matters comes by the informer.
      if (refused.code() != 404 && refused.code() != 409) {
        throw refused;
      }
    }
  }
}
