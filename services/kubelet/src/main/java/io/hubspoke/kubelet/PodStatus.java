package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** Works out a pod's status from its containers (Kubernetes documentation, "Pod Lifecycle"). */
final class PodStatus {
  private final String restartPolicy;
  private final Collection<ContainerWorker> init;
  private final Collection<ContainerWorker> main;
  private final Collection<ContainerWorker> ephemeral;

  PodStatus(
      String restartPolicy,
      Collection<ContainerWorker> init,
      Collection<ContainerWorker> main,
      Collection<ContainerWorker> ephemeral) {
    this.restartPolicy = restartPolicy;
    this.init = init;
    this.main = main;
    this.ephemeral = ephemeral;
  }

  /** Returns whether every init container has done its part. */
  boolean initialized() {
    return init.stream().allMatch(this::initDone);
  }

  private boolean initDone(ContainerWorker container) {
    // A sidecar's part is to run.
    return sidecar(container)
        ? container.startedUp()
            || (!container.running() && !(container.state() instanceof ContainerState.Waiting))
        : container.succeeded();
  }

  static boolean sidecar(ContainerWorker container) {
    return "Always".equals(container.spec().getRestartPolicy());
  }

  /** Returns whether a failed init container ends the pod. */
  boolean initFailed() {
    return restartPolicy.equals("Never") && init.stream().anyMatch(c -> !sidecar(c) && c.failed());
  }

  /** Returns {@code status.phase}. */
  String phase() {
    if (initFailed()) {
      return "Failed";
    }
    if (!initialized()) {
      return "Pending";
    }
    int running = 0;
    int stopped = 0;
    int succeeded = 0;
    for (ContainerWorker container : main) {
      switch (container.state()) {
        case ContainerState.Running r -> running++;
        case ContainerState.Terminated t -> {
          stopped++;
          succeeded += t.exitCode() == 0 ? 1 : 0;
        }
        case ContainerState.Waiting w -> {
          // One that ran before waits to be restarted; another still has to be seen running.
          if (container.lastTerminated() == null) {
            return "Pending";
          }
          stopped++;
        }
      }
    }
    if (running > 0 || restartPolicy.equals("Always")) {
      return running + stopped > 0 ? "Running" : "Pending";
    }
    if (stopped == succeeded) {
      return "Succeeded";
    }
    return restartPolicy.equals("Never") ? "Failed" : "Running";
  }

  /** Adds what is told of each container. */
  void putContainers(ObjectNode status) {
    if (!init.isEmpty()) {
      ArrayNode statuses = status.putArray("initContainerStatuses");
      for (ContainerWorker container : init) {
        boolean ready = sidecar(container) ? container.ready() : container.succeeded();
        statuses.add(container.status().put("ready", ready));
      }
    }
    ArrayNode statuses = status.putArray("containerStatuses");
    main.forEach(container -> statuses.add(container.status()));
    if (!ephemeral.isEmpty()) {
      ArrayNode added = status.putArray("ephemeralContainerStatuses");
      ephemeral.forEach(container -> added.add(container.status().put("ready", false)));
    }
  }

  /** Returns the phase of a pod that is being deleted and whose containers have ended. */
  String finalPhase() {
    boolean allSucceeded = main.stream().allMatch(ContainerWorker::succeeded);
    return allSucceeded && initialized() ? "Succeeded" : "Failed";
  }

  /**
   * Returns conditions, with the transition times of those before that have not changed.
   *
   * @param sandbox whether the pod has its surroundings
   */
  ArrayNode conditions(String phase, boolean sandbox, JsonNode before, Instant now) {
    ArrayNode conditions = Json.object().putArray("conditions");
    boolean completed = phase.equals("Succeeded");
    boolean failed = phase.equals("Failed");
    List<String> unready =
        names(
            Stream.concat(init.stream().filter(PodStatus::sidecar), main.stream())
                .filter(c -> !c.ready())
                .toList());
    List<String> incomplete = names(init.stream().filter(c -> !initDone(c)).toList());
    String unreadyText = "containers with unready status: [" + String.join(" ", unready) + "]";
    String reason = completed ? "PodCompleted" : failed ? "PodFailed" : "ContainersNotReady";
    boolean ready = unready.isEmpty() && !completed && !failed;
    Condition ok = new Condition("", true, "", "");
    Condition notReady = new Condition("", false, reason, completed || failed ? "" : unreadyText);
    List<Condition> all =
        List.of(
            ok.of("PodReadyToStartContainers").when(sandbox),
            incomplete.isEmpty()
                ? new Condition("Initialized", true, completed ? "PodCompleted" : "", "")
                : new Condition(
                    "Initialized",
                    false,
                    "ContainersNotInitialized",
                    "containers with incomplete status: [" + String.join(" ", incomplete) + "]"),
            (ready ? ok : notReady).of("Ready"),
            (ready ? ok : notReady).of("ContainersReady"),
            ok.of("PodScheduled"));
    all.forEach(c -> conditions.add(c.toJson(before, now)));
    return conditions;
  }

  private static List<String> names(List<ContainerWorker> containers) {
    return containers.stream().map(ContainerWorker::name).toList();
  }

  private record Condition(String type, boolean status, String reason, String message) {
    Condition of(String name) {
      return new Condition(name, status, reason, message);
    }

    Condition when(boolean value) {
      return new Condition(type, value, reason, message);
    }

    ObjectNode toJson(JsonNode before, Instant now) {
      String value = status ? "True" : "False";
      String since = Times.seconds(now);
      for (JsonNode old : before) {
        if (old.path("type").asText().equals(type) && old.path("status").asText().equals(value)) {
          since = old.path("lastTransitionTime").asText(since);
        }
      }
      ObjectNode json = Json.object().put("type", type).put("status", value);
      // Explicit nulls, so that a merge clears what an earlier state left.
      json.putNull("lastProbeTime").put("lastTransitionTime", since);
      json.put("reason", reason.isEmpty() ? null : reason);
      return json.put("message", message.isEmpty() ? null : message);
    }
  }
}
