package io.hubspoke.kubelet;

import static io.hubspoke.kubelet.EventRecorder.Type.NORMAL;
import static io.hubspoke.kubelet.EventRecorder.Type.WARNING;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Brings one pod from being bound to this node to being deleted. {@link #sync} is called whenever
 * something may have changed, by one thread at a time; it looks at the whole and does the next
 * steps.
 */
final class PodWorker {
  /** How soon a failed pull is looked at again, to tell that it waits. */
  private static final Duration PULL_RECHECK = Duration.ofSeconds(1);

  private final KubeletOptions options;
  private final ContainerRuntime runtime;
  private final ApiClient client;
  private final EventRecorder events;
  private final Runnable changed;
  private final String uid;
  private final Path logDirectory;
  private final List<ContainerWorker> init = new ArrayList<>();
  private final List<ContainerWorker> main = new ArrayList<>();
  private final Instant startTime;

  private volatile Pod pod;
  private volatile boolean gone;
  private volatile ContainerRuntime.Sandbox sandbox;
  private volatile ObjectNode status = Json.object();
  private volatile boolean finished;
  private boolean written;
  private final boolean overCapacity;

  /**
   * Takes a pod up.
   *
   * @param overCapacity the node has as many pods as it may; this one is turned away
   * @param changed called when {@link #sync} should be
   */
  PodWorker(
      Pod pod,
      boolean overCapacity,
      KubeletOptions options,
      ContainerRuntime runtime,
      ApiClient client,
      EventRecorder events,
      Runnable changed) {
    this.pod = pod;
    this.overCapacity = overCapacity;
    this.options = options;
    this.runtime = runtime;
    this.client = client;
    this.events = events;
    this.changed = changed;
    this.uid = pod.getMetadata().getUid();
    this.logDirectory =
        options
            .rootDir()
            .resolve("logs")
            .resolve(
                pod.getMetadata().getNamespace() + "_" + pod.getMetadata().getName() + "_" + uid);
    var known = pod.getStatus();
    boolean hasInit = !pod.getSpec().getInitContainers().isEmpty();
    for (Container spec : pod.getSpec().getInitContainers()) {
      init.add(
          ContainerWorker.of(
              spec,
              known == null ? null : find(known.getInitContainerStatuses(), spec.getName()),
              "PodInitializing"));
    }
    for (Container spec : pod.getSpec().getContainers()) {
      main.add(
          ContainerWorker.of(
              spec,
              known == null ? null : find(known.getContainerStatuses(), spec.getName()),
              hasInit ? "PodInitializing" : "ContainerCreating"));
    }
    if (known != null) {
      status = Json.tree(known);
    }
    String started = status.path("startTime").asText("");
    this.startTime = started.isEmpty() ? Instant.now() : Instant.parse(started);
  }

  private static ContainerStatus find(List<ContainerStatus> statuses, String name) {
    return statuses.stream().filter(s -> s.getName().equals(name)).findFirst().orElse(null);
  }

  String uid() {
    return uid;
  }

  Pod pod() {
    return pod;
  }

  void update(Pod latest) {
    pod = latest;
  }

  /** Notes that the object is deleted; what is left of the pod goes at the next {@link #sync}. */
  void disappear() {
    gone = true;
  }

  /** Returns whether nothing is left of the pod. */
  boolean finished() {
    return finished;
  }

  boolean terminal() {
    String phase = status.path("phase").asText();
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  int runningContainers() {
    return (int)
        Stream.concat(init.stream(), main.stream()).filter(ContainerWorker::running).count();
  }

  /** Returns the pod with the status as this node knows it. */
  ObjectNode toJson() {
    ObjectNode json = Json.tree(pod);
    json.set("status", status);
    return json;
  }

  PodLogs.Source logs(String container, boolean previous)
      throws PodLogs.NotFoundException, PodLogs.NotAvailableException {
    String podName = pod.getMetadata().getName();
    for (ContainerWorker worker : all()) {
      if (worker.name().equals(container)) {
        return PodLogs.choose(worker, podName, previous, logDirectory);
      }
    }
    throw new PodLogs.NotFoundException(
        "container \"" + container + "\" not found in pod \"" + podName + "\"\n");
  }

  /** Ends all processes at once, when the kubelet goes and they can't outlive it. */
  void kill() {
    all().forEach(c -> c.stop(Duration.ZERO));
  }

  /** Does what is to be done now; returns when to be called again though nothing has changed. */
  Duration sync() throws IOException {
    all().forEach(ContainerWorker::observeExit);
    if (gone) {
      return end(Duration.ofSeconds(grace()), this::forget);
    }
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return end(Duration.ofSeconds(grace()), this::delete);
    }
    PodStatus view = view();
    if (terminal() || overCapacity) {
      return end(Duration.ofSeconds(grace()), () -> write(status(view)));
    }
    Duration next = run();
    write(status(view));
    if (terminal()) {
      changed.run();
    }
    return next;
  }

  private List<ContainerWorker> all() {
    return Stream.concat(init.stream(), main.stream()).toList();
  }

  private PodStatus view() {
    return new PodStatus(restartPolicy(), init, main);
  }

  private String restartPolicy() {
    String policy = pod.getSpec().getRestartPolicy();
    return policy == null ? "Always" : policy;
  }

  private long grace() {
    Long given = pod.getMetadata().getDeletionGracePeriodSeconds();
    Long own = pod.getSpec().getTerminationGracePeriodSeconds();
    return given != null ? given : own != null ? own : 30;
  }

  /** Takes the steps towards running containers. */
  private Duration run() {
    if (sandbox == null) {
      var config =
          new ContainerRuntime.SandboxConfig(
              pod.getMetadata().getNamespace(),
              pod.getMetadata().getName(),
              uid,
              Boolean.TRUE.equals(pod.getSpec().getHostNetwork()));
      try {
        sandbox = runtime.runSandbox(config).await();
      } catch (RuntimeException e) {
        record(
            "",
            WARNING,
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: " + e.getMessage());
        throw e;
      }
    }
    for (ContainerWorker container : init) {
      boolean sidecar = PodStatus.sidecar(container);
      if (container.succeeded() && !sidecar) {
        continue;
      }
      if (!container.running()) {
        if (container.failed() && !sidecar && restartPolicy().equals("Never")) {
          return Duration.ZERO;
        }
        Duration wait = start(container);
        if (!container.running()) {
          return wait;
        }
      }
      if (!sidecar) {
        return Duration.ZERO;
      }
    }
    Duration next = Duration.ZERO;
    for (ContainerWorker container : main) {
      if (!container.running() && wanted(container)) {
        Duration wait = start(container);
        next = next.isZero() || (!wait.isZero() && wait.compareTo(next) < 0) ? wait : next;
      }
    }
    return next;
  }

  private boolean wanted(ContainerWorker container) {
    ContainerState.Terminated ended =
        container.state() instanceof ContainerState.Terminated t ? t : container.lastTerminated();
    return ended == null
        || switch (restartPolicy()) {
          case "Never" -> false;
          case "OnFailure" -> ended.exitCode() != 0;
          default -> true;
        };
  }

  /** Starts a container, or says how long it has to wait. */
  private Duration start(ContainerWorker container) {
    Instant now = Instant.now();
    String path = fieldPath(container);
    Duration crashWait = container.crashWait(now, options.maxCrashLoopBackOff());
    if (!crashWait.isZero()) {
      String podText =
          pod.getMetadata().getName() + "_" + pod.getMetadata().getNamespace() + "(" + uid + ")";
      container.wait(
          "CrashLoopBackOff",
          "back-off "
              + goDuration(container.backOff())
              + " restarting failed container="
              + container.name()
              + " pod="
              + podText);
      record(
          path,
          WARNING,
          "BackOff",
          "Back-off restarting failed container " + container.name() + " in pod " + podText);
      return crashWait;
    }
    Duration pullWait = image(container, now);
    if (!pullWait.isZero()) {
      return pullWait;
    }
    container.starting(options.crashLoopBackOff(), options.maxCrashLoopBackOff());
    try {
      deleteOldLogs(container);
      record(path, NORMAL, "Created", "Created container: " + container.name());
      ContainerRuntime.Container process =
          runtime.startContainer(sandbox, config(container)).await();
      container.runs(process);
      record(path, NORMAL, "Started", "Started container " + container.name());
      process.exited().onComplete(exit -> changed.run());
      return Duration.ZERO;
    } catch (ContainerRuntime.StartException | IOException e) {
      container.cannotStart(e.getMessage());
      record(path, WARNING, "Failed", "Error: " + e.getMessage());
      // Looked at again at once: the crash back-off decides.
      changed.run();
      return Duration.ZERO;
    }
  }

  /** Makes the image ready, or says how long to wait for the next attempt. */
  private Duration image(ContainerWorker container, Instant now) {
    String image = container.spec().getImage();
    String path = fieldPath(container);
    Duration wait = container.imageWait(now);
    if (!wait.isZero()) {
      String backingOff = "Back-off pulling image \"" + image + "\"";
      record(path, NORMAL, "BackOff", backingOff);
      record(path, WARNING, "Failed", "Error: ImagePullBackOff");
      container.wait("ImagePullBackOff", backingOff + ": ErrImagePull: " + container.imageError());
      return wait;
    }
    try {
      ContainerRuntime.ImageRef ref = runtime.pullImage(image).await();
      container.imageReady(ref.id());
      record(
          path,
          NORMAL,
          "Pulled",
          ref.present()
              ? "Container image \"" + image + "\" already present on machine"
              : "Successfully pulled image \"" + image + "\"");
      return Duration.ZERO;
    } catch (ContainerRuntime.ImageException e) {
      if ("Never".equals(container.spec().getImagePullPolicy())) {
        String message =
            "Container image \"" + image + "\" is not present with pull policy of Never";
        record(path, WARNING, "ErrImageNeverPull", message);
        container.wait("ErrImageNeverPull", message);
        return options.crashLoopBackOff();
      }
      record(path, NORMAL, "Pulling", "Pulling image \"" + image + "\"");
      record(path, WARNING, "Failed", "Failed to pull image \"" + image + "\": " + e.getMessage());
      record(path, WARNING, "Failed", "Error: ErrImagePull");
      container.imageFailed(
          e.getMessage(), now, options.crashLoopBackOff(), options.maxCrashLoopBackOff());
      container.wait("ErrImagePull", e.getMessage());
      return PULL_RECHECK;
    }
  }

  private ContainerRuntime.ContainerConfig config(ContainerWorker container) {
    Container spec = container.spec();
    Map<String, String> env = new HashMap<>();
    for (EnvVar variable : spec.getEnv()) {
      env.put(variable.getName(), value(variable));
    }
    return new ContainerRuntime.ContainerConfig(
        pod.getMetadata().getName(),
        spec.getName(),
        spec.getImage(),
        spec.getCommand(),
        spec.getArgs(),
        env,
        spec.getPorts().stream().map(ContainerPort::getContainerPort).toList(),
        PodLogs.file(logDirectory, container, container.attempt()));
  }

  private String value(EnvVar variable) {
    if (variable.getValueFrom() == null || variable.getValueFrom().getFieldRef() == null) {
      return variable.getValue() == null ? "" : variable.getValue();
    }
    return switch (variable.getValueFrom().getFieldRef().getFieldPath()) {
      case "metadata.name" -> pod.getMetadata().getName();
      case "metadata.namespace" -> pod.getMetadata().getNamespace();
      case "metadata.uid" -> uid;
      case "spec.nodeName" -> options.nodeName();
      case "status.podIP" -> sandbox.ip();
      case "status.hostIP" -> options.nodeIp();
      default -> "";
    };
  }

  /** Ends processes; when all have ended, gives the address back and does the last thing. */
  private Duration end(Duration grace, Last last) throws IOException {
    boolean running = false;
    for (ContainerWorker container : all()) {
      if (container.running()) {
        running = true;
        if (container.stop(grace)) {
          record(fieldPath(container), NORMAL, "Killing", "Stopping container " + container.name());
        }
      }
    }
    if (running) {
      return Duration.ZERO;
    }
    last.run();
    ContainerRuntime.Sandbox held = sandbox;
    if (held != null) {
      runtime.removeSandbox(held).await();
      sandbox = null;
    }
    return Duration.ZERO;
  }

  private interface Last {
    void run() throws IOException;
  }

  /** Tells the last state and deletes the object, which waited for this. */
  private void delete() throws IOException {
    PodStatus view = view();
    ObjectNode last = status(view);
    if (!terminal()) {
      last.put("phase", view.finalPhase());
    }
    write(last);
    try {
      client
          .delete(
              Resource.PODS,
              pod.getMetadata().getNamespace(),
              pod.getMetadata().getName(),
              DeleteOptions.now(uid))
          .await();
    } catch (ApiException e) {
      if (e.code() != 404 && e.code() != 409) {
        throw e;
      }
    }
  }

  private void forget() throws IOException {
    finished = true;
    if (!Files.exists(logDirectory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(logDirectory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void deleteOldLogs(ContainerWorker container) throws IOException {
    Path old = PodLogs.file(logDirectory, container, container.attempt() - 2);
    Files.deleteIfExists(old);
    Files.deleteIfExists(old.resolveSibling(old.getFileName() + ".1"));
  }

  private ObjectNode status(PodStatus view) {
    Instant now = Instant.now();
    ObjectNode next = Json.object();
    String phase =
        overCapacity ? "Failed" : terminal() ? status.path("phase").asText() : view.phase();
    next.put("phase", phase);
    next.put("hostIP", options.nodeIp())
        .putArray("hostIPs")
        .addObject()
        .put("ip", options.nodeIp());
    next.put("startTime", Times.seconds(startTime));
    if (overCapacity) {
      next.put("reason", "OutOfpods");
      return next.put(
          "message",
          "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: "
              + options.maxPods()
              + ", capacity: "
              + options.maxPods());
    }
    ContainerRuntime.Sandbox present = sandbox;
    if (present != null) {
      next.put("podIP", present.ip()).putArray("podIPs").addObject().put("ip", present.ip());
    } else if (status.has("podIP")) {
      next.set("podIP", status.get("podIP"));
      next.set("podIPs", status.path("podIPs"));
    }
    next.set("conditions", view.conditions(phase, present != null, status.path("conditions"), now));
    if (!init.isEmpty()) {
      var statuses = next.putArray("initContainerStatuses");
      for (ContainerWorker container : init) {
        ObjectNode one = container.status();
        statuses.add(
            one.put(
                "ready",
                PodStatus.sidecar(container) ? container.running() : container.succeeded()));
      }
    }
    var statuses = next.putArray("containerStatuses");
    main.forEach(c -> statuses.add(c.status()));
    return next;
  }

  /** Writes the status unless it is as it was. */
  private void write(ObjectNode next) {
    if (written && next.equals(status)) {
      return;
    }
    ObjectNode patch = Json.object();
    patch.putObject("metadata").put("uid", uid);
    patch.set("status", next);
    try {
      client
          .patchStatus(
              Resource.PODS.tree(),
              pod.getMetadata().getNamespace(),
              pod.getMetadata().getName(),
              PatchType.STRATEGIC_MERGE,
              patch)
          .await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    status = next;
    written = true;
  }

  private void record(String path, EventRecorder.Type type, String reason, String message) {
    events.record(
        new EventRecorder.Subject(
            "Pod",
            pod.getMetadata().getNamespace(),
            pod.getMetadata().getName(),
            uid,
            pod.getMetadata().getResourceVersion(),
            path),
        type,
        reason,
        message);
  }

  private String fieldPath(ContainerWorker container) {
    String list = init.contains(container) ? "spec.initContainers" : "spec.containers";
    return list + "{" + container.name() + "}";
  }

  /** Writes a duration as Go does: {@code 10s}, {@code 2m40s}. */
  static String goDuration(Duration duration) {
    if (duration.toMillis() < 1000) {
      return duration.toMillis() + "ms";
    }
    long minutes = duration.toMinutes();
    return (minutes > 0 ? minutes + "m" : "") + duration.toSecondsPart() + "s";
  }
}
