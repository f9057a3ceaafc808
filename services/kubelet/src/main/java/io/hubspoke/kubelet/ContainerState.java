package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import java.time.Instant;

/** What a container does at present, as its status tells. */
sealed interface ContainerState {
  record Waiting(String reason, String message) implements ContainerState {}

  /**
   * Runs.
   *
   * @param attempt how many starts came before; names the log file
   */
  record Running(ContainerRuntime.Container container, int attempt) implements ContainerState {}

  /**
   * Has ended.
   *
   * @param containerId empty when it never ran
   */
  record Terminated(
      int exitCode,
      String reason,
      String message,
      Instant startedAt,
      Instant finishedAt,
      String containerId,
      int attempt)
      implements ContainerState {}

  /** Returns the state as {@code ContainerState} of the API. */
  default ObjectNode toJson() {
    ObjectNode json = Json.object();
    switch (this) {
      case Waiting(var reason, var message) -> {
        ObjectNode waiting = json.putObject("waiting").put("reason", reason);
        if (!message.isEmpty()) {
          waiting.put("message", message);
        }
      }
      case Running(var container, var attempt) ->
          json.putObject("running").put("startedAt", Times.seconds(container.startedAt()));
      case Terminated t -> {
        ObjectNode terminated = json.putObject("terminated").put("exitCode", t.exitCode);
        terminated.put("reason", t.reason);
        if (!t.message.isEmpty()) {
          terminated.put("message", t.message);
        }
        terminated.put("startedAt", Times.seconds(t.startedAt));
        terminated.put("finishedAt", Times.seconds(t.finishedAt));
        if (!t.containerId.isEmpty()) {
          terminated.put("containerID", t.containerId);
        }
      }
    }
    return json;
  }
}
