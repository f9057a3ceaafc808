package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Columns.orNone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/** Prints pods; the status is that of the first container that has something to say. */
final class PodColumns {
  private PodColumns() {}

  static TableColumns columns() {
    return ColumnList.named()
        .text("Ready", "Containers that are ready, of all.", pod -> Summary.of(pod).readiness())
        .text("Status", "What it is doing.", pod -> Summary.of(pod).reason())
        .text(
            "Restarts",
            "How often containers restarted.",
            0,
            (p, now) -> Summary.of(p).restarts(now))
        .age()
        .wide("IP", "Its address.", PodColumns::address)
        .wide("Node", "Where it runs.", pod -> orNone(pod.path("spec").path("nodeName").asText("")))
        .wide(
            "Nominated Node",
            "Where it will run once others have gone.",
            pod -> orNone(pod.path("status").path("nominatedNodeName").asText("")))
        .wide("Readiness Gates", "Further conditions of readiness.", PodColumns::gates);
  }

  private static String address(ObjectNode pod) {
    JsonNode status = pod.path("status");
    return orNone(status.path("podIPs").path(0).path("ip").asText(status.path("podIP").asText("")));
  }

  private static String gates(ObjectNode pod) {
    JsonNode gates = pod.path("spec").path("readinessGates");
    if (gates.isEmpty()) {
      return "<none>";
    }
    int open = 0;
    for (JsonNode gate : gates) {
      if (isTrue(pod, gate.path("conditionType").asText(""))) {
        open++;
      }
    }
    return open + "/" + gates.size();
  }

  private static boolean isTrue(JsonNode pod, String type) {
    for (JsonNode condition : pod.path("status").path("conditions")) {
      if (condition.path("type").asText("").equals(type)) {
        return condition.path("status").asText("").equals("True");
      }
    }
    return false;
  }

  /** What a pod's containers amount to. */
  private static final class Summary {
    private final JsonNode pod;
    private final Set<String> sidecars = new HashSet<>();
    private final int total;
    private int sidecarRestarts;
    private String lastSidecarRestart = "";
    private int ready;
    private int restarts;
    private String lastRestart = "";
    private String reason;

    private Summary(JsonNode pod) {
      this.pod = pod;
      for (JsonNode container : pod.path("spec").path("initContainers")) {
        if (container.path("restartPolicy").asText("").equals("Always")) {
          sidecars.add(container.path("name").asText(""));
        }
      }
      this.total = pod.path("spec").path("containers").size() + sidecars.size();
      JsonNode status = pod.path("status");
      reason = status.path("reason").asText("");
      if (reason.isEmpty()) {
        reason = status.path("phase").asText("");
      }
      for (JsonNode condition : status.path("conditions")) {
        if (condition.path("type").asText("").equals("PodScheduled")
            && condition.path("reason").asText("").equals("SchedulingGated")) {
          reason = "SchedulingGated";
        }
      }
      if (!initializing() || isTrue(pod, "Initialized")) {
        containers();
      }
      if (Meta.deleting(pod)) {
        String phase = status.path("phase").asText("");
        if (status.path("reason").asText("").equals("NodeLost")) {
          reason = "Unknown";
        } else if (!phase.equals("Succeeded") && !phase.equals("Failed")) {
          reason = "Terminating";
        }
      }
    }

    static Summary of(JsonNode pod) {
      return new Summary(pod);
    }

    String readiness() {
      return ready + "/" + total;
    }

    String reason() {
      return reason;
    }

    String restarts(Instant now) {
      return restarts == 0 || lastRestart.isEmpty()
          ? String.valueOf(restarts)
          : restarts + " (" + Age.since(lastRestart, now) + " ago)";
    }

    private boolean initializing() {
      JsonNode statuses = pod.path("status").path("initContainerStatuses");
      for (int i = 0; i < statuses.size(); i++) {
        JsonNode container = statuses.get(i);
        count(container);
        JsonNode terminated = container.path("state").path("terminated");
        String waiting = container.path("state").path("waiting").path("reason").asText("");
        boolean sidecar = sidecars.contains(container.path("name").asText(""));
        if (sidecar) {
          sidecarRestarts += container.path("restartCount").asInt();
          lastSidecarRestart = later(lastSidecarRestart, container);
        }
        if (terminated.isObject() && terminated.path("exitCode").asInt() == 0) {
          continue;
        }
        if (sidecar && container.path("started").asBoolean()) {
          ready += container.path("ready").asBoolean() ? 1 : 0;
          continue;
        }
        if (terminated.isObject()) {
          reason = "Init:" + ended(terminated);
        } else if (!waiting.isEmpty() && !waiting.equals("PodInitializing")) {
          reason = "Init:" + waiting;
        } else {
          reason = "Init:" + i + "/" + pod.path("spec").path("initContainers").size();
        }
        return true;
      }
      return false;
    }

    private void containers() {
      // Of the containers before these, only those still count that run beside them.
      restarts = sidecarRestarts;
      lastRestart = lastSidecarRestart;
      boolean running = false;
      JsonNode statuses = pod.path("status").path("containerStatuses");
      for (int i = statuses.size() - 1; i >= 0; i--) {
        JsonNode container = statuses.get(i);
        count(container);
        JsonNode state = container.path("state");
        String waiting = state.path("waiting").path("reason").asText("");
        if (!waiting.isEmpty()) {
          reason = waiting;
        } else if (state.path("terminated").isObject()) {
          reason = ended(state.path("terminated"));
        } else if (container.path("ready").asBoolean() && state.path("running").isObject()) {
          running = true;
          ready++;
        }
      }
      if (reason.equals("Completed") && running) {
        reason = isTrue(pod, "Ready") ? "Running" : "NotReady";
      }
    }

    private void count(JsonNode container) {
      restarts += container.path("restartCount").asInt();
      lastRestart = later(lastRestart, container);
    }

    private static String later(String time, JsonNode container) {
      String finished =
          container.path("lastState").path("terminated").path("finishedAt").asText("");
      return finished.compareTo(time) > 0 ? finished : time;
    }

    private static String ended(JsonNode terminated) {
      String why = terminated.path("reason").asText("");
      if (!why.isEmpty()) {
        return why;
      }
      int signal = terminated.path("signal").asInt();
      return signal != 0 ? "Signal:" + signal : "ExitCode:" + terminated.path("exitCode").asInt();
    }
  }
}
