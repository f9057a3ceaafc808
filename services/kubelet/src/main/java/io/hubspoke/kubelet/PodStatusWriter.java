package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Supplier;

/** Tells the apiserver the status of one pod when it changes, and knows what it told last. */
final class PodStatusWriter {
  private static final String READY = "Ready";

  private final KubeletOptions options;
  private final ApiClient client;
  private final Regarding about;
  private final Instant startTime;
  private final Supplier<String> target;

  // As text: a tree takes six times as much, of each of a hundred thousand pods.
  private volatile byte[] status;
  private volatile String phase;
  private byte[] written = {};
  private String writtenTo = "";
  private long writtenAt;
  private final boolean turnedAway;
  private volatile Failure failure;

  /** Why the kubelet ends a pod, or doesn't take it. */
  private record Failure(String reason, String message) {}

  /**
   * Makes a writer.
   *
   * @param target the UID of the object that shows the pod, empty while there is none; may wait
   * @param known what the apiserver knows; empty for a new pod
   * @param overCapacity the pod is turned away
   */
  PodStatusWriter(
      KubeletOptions options,
      ApiClient client,
      Regarding about,
      Supplier<String> target,
      ObjectNode known,
      boolean overCapacity) {
    this.options = options;
    this.client = client;
    this.about = about;
    this.target = target;
    this.status = Json.bytes(known);
    this.phase = phase(known);
    String started = known.path("startTime").asText("");
    this.turnedAway = overCapacity;
    if (overCapacity) {
      fail(
          "OutOfpods",
          "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: "
              + options.maxPods()
              + ", capacity: "
              + options.maxPods());
    } else if (terminal() && known.has("reason")) {
      fail(known.path("reason").asText(), known.path("message").asText());
    }
    this.startTime = started.isEmpty() ? Instant.now() : Instant.parse(started);
  }

  /** Returns what was told last. */
  ObjectNode status() {
    return Json.parseObject(status);
  }

  /** Returns one and the same text for each phase. */
  private static String phase(ObjectNode status) {
    return status.path("phase").asText("").intern();
  }

  /** Returns whether the pod has come to its end, which is for good. */
  boolean terminal() {
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  /** Has the pod end as failed. */
  void fail(String reason, String message) {
    failure = new Failure(reason, message);
  }

  /** Returns whether the pod has to end, or has ended, as failed. */
  boolean failed() {
    return failure != null;
  }

  Instant startTime() {
    return startTime;
  }

  /** Returns what to tell about the pod as it is now. */
  ObjectNode next(PodStatus view, ContainerRuntime.Sandbox present) {
    Instant now = Instant.now();
    ObjectNode before = status();
    ObjectNode next = Json.object();
    String shown = failed() ? "Failed" : terminal() ? phase : view.phase();
    next.put("phase", shown);
    next.put("hostIP", options.nodeIp())
        .putArray("hostIPs")
        .addObject()
        .put("ip", options.nodeIp());
    next.put("startTime", Times.seconds(startTime));
    Failure why = failure;
    if (why != null) {
      next.put("reason", why.reason).put("message", why.message);
    }
    if (turnedAway) {
      return next;
    }
    if (present != null) {
      next.put("podIP", present.ip()).putArray("podIPs").addObject().put("ip", present.ip());
    } else if (before.has("podIP")) {
      next.set("podIP", before.get("podIP"));
      next.set("podIPs", before.path("podIPs"));
    }
    next.set("conditions", view.conditions(shown, present != null, before.path("conditions"), now));
    view.putContainers(next);
    return next;
  }

  /**
   * Looks at what the apiserver shows, so that it is told again what somebody else has changed: the
   * node lifecycle controller marks the pods of a node that was away as not ready, and only the
   * kubelet takes that back (the real one's {@code needsReconcile}).
   */
  void see(Pod shown) {
    if (writtenAt == 0 || shown.getStatus() == null) {
      return;
    }
    // What was on its way before the last writing says nothing.
    if (Long.parseLong(shown.getMetadata().getResourceVersion()) > writtenAt
        && Conditions.of(status(), READY).equals("True")
        && shown.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals(READY) && !c.getStatus().equals("True"))) {
      writtenTo = "";
    }
  }

  /** Writes the status unless it is as it was. */
  void write(ObjectNode next) {
    byte[] text = Json.bytes(next);
    if (!Arrays.equals(text, status)) {
      status = text;
      phase = phase(next);
    }
    String uid = target.get();
    if (uid.isEmpty() || (uid.equals(writtenTo) && Arrays.equals(text, written))) {
      return;
    }
    ObjectNode patch = Json.object();
    patch.putObject("metadata").put("uid", uid);
    patch.set("status", next);
    try {
      ObjectNode answer =
          client
              .patchStatus(
                  Resource.PODS.tree(),
                  about.namespace(),
                  about.name(),
                  PatchType.STRATEGIC_MERGE,
                  patch)
              .await();
      writtenAt = answer.at("/metadata/resourceVersion").asLong();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    written = status;
    writtenTo = uid;
  }
}
