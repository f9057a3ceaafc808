package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.server.NodePod;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps track of one container of a pod through its restarts. Changed by the pod's worker alone;
 * read by anyone.
 */
final class ContainerWorker {
  private final String idScheme;
  private volatile Container spec;

  /** Of the last start: the spec's may have changed since. */
  private volatile String image;

  private volatile ContainerProbes probes;
  private volatile ContainerTermination termination;

  /** Of the present run; null where it has no file for it. */
  private volatile TerminationMessage message;

  /** The hook after the start; the container counts as starting until it has ended. */
  private volatile Future<Void> postStart = Future.succeededFuture();

  private volatile ContainerState state;
  private volatile ContainerState.Terminated lastTerminated;
  private final AtomicInteger restarts = new AtomicInteger();
  private volatile String imageId = "";
  private Duration backOff = Duration.ZERO;
  private Duration imageBackOff = Duration.ZERO;
  private Instant imageRetryAt = Instant.MIN;
  private String imageError = "";
  private boolean started;
  private boolean restart;

  private ContainerWorker(Container spec, String idScheme, ContainerState state) {
    this.idScheme = idScheme;
    this.spec = spec;
    this.image = spec.getImage();
    this.state = state;
  }

  /**
   * Takes a container up where its status leaves it. One that ran when the kubelet went away is
   * gone with it, as after a reboot.
   *
   * @param idScheme what its runtime's container IDs begin with, such as {@code containerd://}
   * @param initialReason what it waits for when it is new
   */
  static ContainerWorker of(
      Container spec, ContainerStatus known, String idScheme, String initialReason) {
    ContainerWorker worker =
        new ContainerWorker(spec, idScheme, new ContainerState.Waiting(initialReason, ""));
    if (known == null || known.getState() == null) {
      return worker;
    }
    worker.restarts.set(known.getRestartCount() == null ? 0 : known.getRestartCount());
    if (known.getLastState() != null && known.getLastState().getTerminated() != null) {
      worker.lastTerminated =
          terminated(known.getLastState().getTerminated(), worker.restarts.get() - 1);
      worker.started = true;
    }
    var was = known.getState();
    if (was.getTerminated() != null) {
      worker.state = terminated(was.getTerminated(), worker.restarts.get());
      worker.started = true;
    } else if (was.getRunning() != null) {
      worker.state =
          new ContainerState.Terminated(
              137,
              "ContainerStatusUnknown",
              "The container could not be located when the kubelet was started",
              time(was.getRunning().getStartedAt()),
              Instant.now(),
              known.getContainerID() == null ? "" : known.getContainerID(),
              worker.restarts.get());
      worker.started = true;
    }
    return worker;
  }

  String name() {
    return spec.getName();
  }

  Container spec() {
    return spec;
  }

  ContainerState state() {
    return state;
  }

  /** Returns how the run before the present one ended, or null. */
  ContainerState.Terminated lastTerminated() {
    return lastTerminated;
  }

  /** Returns the running container, if it is. */
  Optional<NodePod.RunningContainer> runs() {
    return state instanceof ContainerState.Running(var container, var attempt)
            && !container.exited().isComplete()
        ? Optional.of(new NodePod.RunningContainer(name(), image, container))
        : Optional.empty();
  }

  boolean running() {
    return state instanceof ContainerState.Running;
  }

  boolean succeeded() {
    return state instanceof ContainerState.Terminated t && t.exitCode() == 0;
  }

  boolean failed() {
    return state instanceof ContainerState.Terminated t && t.exitCode() != 0;
  }

  /** Returns whether it runs and its probes, if it has any, say that it takes requests. */
  boolean ready() {
    ContainerProbes present = probes;
    return running() && postStart.succeeded() && present != null && present.ready();
  }

  /** Returns whether it runs and has started up. */
  boolean startedUp() {
    ContainerProbes present = probes;
    return running() && postStart.succeeded() && present != null && present.started();
  }

  /** Returns whether the hook after its start has not ended yet. */
  boolean starting() {
    return running() && !postStart.isComplete();
  }

  /** Returns whether the hook after its start went wrong. */
  boolean hookFailed() {
    return running() && postStart.failed();
  }

  /** Returns the probe because of which it must not go on, or null. */
  ContainerProbes.Kind failedProbe() {
    ContainerProbes present = probes;
    return running() && present != null ? present.failed() : null;
  }

  /**
   * Takes note of what the pod's spec says now; returns whether a running container has another
   * image than it should. Waits that were due to the old image end.
   */
  boolean redefine(Container latest) {
    if (!latest.getImage().equals(spec.getImage())) {
      backOff = Duration.ZERO;
      imageBackOff = Duration.ZERO;
      imageRetryAt = Instant.MIN;
    }
    spec = latest;
    return running() && !latest.getImage().equals(image);
  }

  /** Asks for a new start after this run, whatever the pod's restart policy is. */
  void restart() {
    restart = true;
  }

  boolean restartAsked() {
    return restart;
  }

  /** Returns how many starts came before the present one. */
  int attempt() {
    return restarts.get();
  }

  /** Notes that the process has ended, if it has. */
  void observeExit() {
    if (state instanceof ContainerState.Running(var container, var attempt)
        && container.exited().isComplete()) {
      probes.stop();
      ContainerRuntime.Exit exit = container.exited().result();
      TerminationMessage last = message;
      String said = last == null ? "" : last.read(exit.code());
      state =
          new ContainerState.Terminated(
              exit.code(),
              exit.reason(),
              exit.message().isEmpty() || said.isEmpty()
                  ? exit.message() + said
                  : exit.message() + ": " + said,
              container.startedAt(),
              exit.at(),
              idScheme + container.id(),
              attempt);
    }
  }

  /**
   * Returns how long a crashed container still has to wait; zero when it may start. Twice as long
   * after every start, and from the beginning after one that lasted.
   */
  Duration crashWait(Instant now, Duration longest) {
    ContainerState.Terminated ended =
        state instanceof ContainerState.Terminated t ? t : lastTerminated;
    if (ended == null) {
      return Duration.ZERO;
    }
    Duration ran = Duration.between(ended.startedAt(), ended.finishedAt());
    if (ran.compareTo(longest.multipliedBy(2)) >= 0) {
      backOff = Duration.ZERO;
    }
    Duration left = Duration.between(now, ended.finishedAt().plus(backOff));
    return left.isNegative() ? Duration.ZERO : left;
  }

  Duration backOff() {
    return backOff;
  }

  /** Waits; how the last run ended stays known. */
  void wait(String reason, String message) {
    if (state instanceof ContainerState.Terminated t) {
      lastTerminated = t;
    }
    state = new ContainerState.Waiting(reason, message);
  }

  Duration imageWait(Instant now) {
    Duration left =
        imageRetryAt.equals(Instant.MIN) ? Duration.ZERO : Duration.between(now, imageRetryAt);
    return left.isNegative() ? Duration.ZERO : left;
  }

  String imageError() {
    return imageError;
  }

  void imageFailed(String error, Instant now, Duration first, Duration longest) {
    imageBackOff = imageBackOff.isZero() ? first : min(imageBackOff.multipliedBy(2), longest);
    imageRetryAt = now.plus(imageBackOff);
    imageError = error;
  }

  void imageReady(String id) {
    imageId = id;
    imageBackOff = Duration.ZERO;
    imageRetryAt = Instant.MIN;
    imageError = "";
  }

  /** Notes that the next start is being made, and makes a later one wait longer. */
  void starting(Duration first, Duration longest) {
    if (started) {
      restarts.incrementAndGet();
      backOff = backOff.isZero() ? first : min(backOff.multipliedBy(2), longest);
    }
    if (state instanceof ContainerState.Terminated t) {
      lastTerminated = t;
    }
    started = true;
    restart = false;
    image = spec.getImage();
  }

  /**
   * Notes that it runs.
   *
   * @param hook completes when the hook after its start has ended
   */
  void runs(
      ContainerRuntime.Container container,
      ContainerProbes begun,
      ContainerTermination end,
      Future<Void> hook) {
    probes = begun;
    termination = end;
    postStart = hook;
    state = new ContainerState.Running(container, restarts.get());
  }

  /** Notes where the run that begins will say why it ended; null for nowhere. */
  void says(TerminationMessage last) {
    message = last;
  }

  void cannotStart(String message) {
    Instant now = Instant.now();
    state = new ContainerState.Terminated(128, "StartError", message, now, now, "", restarts.get());
  }

  /** Ends the process within a time; returns whether that is news. */
  boolean stop(Duration grace) {
    if (!running()) {
      return false;
    }
    probes.stop();
    return termination.within(grace);
  }

  /** Returns the container's part of the pod's status. */
  ObjectNode status() {
    ObjectNode json = Json.object().put("name", spec.getName());
    json.set("state", state.toJson());
    ContainerState.Terminated last = lastTerminated;
    json.set("lastState", last == null ? Json.object() : last.toJson());
    json.put("ready", ready()).put("restartCount", restarts.get());
    json.put("image", state instanceof ContainerState.Waiting ? spec.getImage() : image)
        .put("imageID", imageId);
    String id = containerId();
    if (!id.isEmpty()) {
      json.put("containerID", id);
    }
    return json.put("started", startedUp());
  }

  private String containerId() {
    return switch (state) {
      case ContainerState.Running r -> idScheme + r.container().id();
      case ContainerState.Terminated t -> t.containerId();
      case ContainerState.Waiting w -> lastTerminated == null ? "" : lastTerminated.containerId();
    };
  }

  private static ContainerState.Terminated terminated(ContainerStateTerminated t, int attempt) {
    return new ContainerState.Terminated(
        t.getExitCode() == null ? 0 : t.getExitCode(),
        t.getReason() == null ? "" : t.getReason(),
        t.getMessage() == null ? "" : t.getMessage(),
        time(t.getStartedAt()),
        time(t.getFinishedAt()),
        t.getContainerID() == null ? "" : t.getContainerID(),
        attempt);
  }

  private static Instant time(String text) {
    try {
      return text == null ? Instant.EPOCH : Instant.parse(text);
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
