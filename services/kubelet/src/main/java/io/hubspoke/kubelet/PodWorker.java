package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.logs.LogSource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.server.NodePod;
import io.hubspoke.kubelet.volumes.ContainerMounts;
import io.hubspoke.kubelet.volumes.DownwardApi;
import io.hubspoke.kubelet.volumes.PodDirectory;
import io.hubspoke.kubelet.volumes.PodObjects;
import io.hubspoke.kubelet.volumes.PodVolumes;
import io.hubspoke.kubelet.volumes.ServiceAccountTokens;
import io.hubspoke.runtime.DirectoryTree;
import io.vertx.core.Context;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one pod from being bound to this node to being deleted. {@link #sync} is called whenever
 * something may have changed, by one thread at a time; it looks at the whole and does the next
 * steps.
 */
final class PodWorker implements NodePod {
  /** What all pods of a node share. */
  record Node(
      KubeletOptions options,
      ContainerRuntime runtime,
      ApiClient client,
      EventRecorder events,
      ReferencedObjects objects,
      ServiceVariables services,
      DownwardApi description,
      Context context,
      Prober prober) {}

  /** What a sidecar has to end in when the others have used up the time. */
  private static final Duration LEAST_GRACE = Duration.ofSeconds(2);

  private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);

  /** How soon to try again to show a static pod in the API. */
  private static final Duration UNREACHABLE = Duration.ofSeconds(5);

  private final ContainerRuntime runtime;
  private final ApiClient client;
  private final EventRecorder events;
  private final Runnable changed;
  private final Regarding about;
  private final ReferencedObjects objects;
  private final Path logDirectory;
  private final List<ContainerWorker> init;
  private final List<ContainerWorker> main;
  private final EphemeralContainers ephemeral;
  private final VolumeMounts mounts;
  private final ContainerRestarts restarts;
  private final ContainerStarter starter;
  private final PodStatusWriter statusWriter;
  private final PodLimits limits;

  /** Null for a pod of the API. */
  private final MirrorPod mirror;

  private volatile Pod pod;
  private volatile boolean gone;
  private volatile boolean killed;
  private volatile ContainerRuntime.Sandbox sandbox;
  private volatile boolean finished;
  private long endingSince;

  /**
   * Takes a pod up.
   *
   * @param overCapacity the node has as many pods as it may; this one is turned away
   * @param changed called when {@link #sync} should be
   */
  PodWorker(Pod pod, boolean overCapacity, Node node, Runnable changed) {
    this(pod, overCapacity, node, null, changed);
  }

  /**
   * Takes a static pod up.
   *
   * @param mirror the object that shows it
   */
  PodWorker(Pod pod, Node node, MirrorPod mirror, Runnable changed) {
    this(pod, false, node, mirror, changed);
  }

  private PodWorker(Pod pod, boolean overCapacity, Node node, MirrorPod mirror, Runnable changed) {
    this.mirror = mirror;
    this.pod = pod;
    this.runtime = node.runtime;
    this.client = node.client;
    this.events = node.events;
    this.changed = changed;
    this.objects = node.objects;
    this.about = Regarding.of(pod);
    this.logDirectory =
        node.options
            .rootDir()
            .resolve("logs")
            .resolve(about.namespace() + "_" + about.name() + "_" + about.uid());
    var known = pod.getStatus();
    boolean hasInit = !pod.getSpec().getInitContainers().isEmpty();
    List<ContainerStatus> knownInit = known == null ? List.of() : known.getInitContainerStatuses();
    List<ContainerStatus> knownMain = known == null ? List.of() : known.getContainerStatuses();
    String version = runtime.version();
    String idScheme = version.substring(0, version.indexOf("://") + 3);
    this.init = workers(pod.getSpec().getInitContainers(), knownInit, idScheme, "PodInitializing");
    this.main =
        workers(
            pod.getSpec().getContainers(),
            knownMain,
            idScheme,
            hasInit ? "PodInitializing" : "ContainerCreating");
    this.ephemeral =
        new EphemeralContainers(
            known == null ? List.of() : known.getEphemeralContainerStatuses(),
            (spec, before) -> ContainerWorker.of(spec, before, idScheme, "ContainerCreating"));
    PodObjects own = objects.of(pod, this::objectChanged);
    PodDirectory directory = new PodDirectory(node.options.rootDir(), about.uid());
    PodVolumes volumes =
        new PodVolumes(
            directory,
            own,
            new ServiceAccountTokens(client),
            node.description,
            runtime.mountsHostPaths());
    this.mounts =
        new VolumeMounts(events, about, runtime, volumes, new ContainerMounts(directory, volumes));
    this.restarts = new ContainerRestarts(events, about);
    this.starter =
        new ContainerStarter(
            node,
            new ContainerProbes.Means(
                node.context, node.prober, new ContainerExec(runtime), events, changed),
            own,
            mounts,
            directory,
            about,
            logDirectory);
    this.statusWriter =
        new PodStatusWriter(
            node.options,
            client,
            about,
            mirror == null ? about::uid : mirror::ensure,
            known == null ? Json.object() : Json.tree(known),
            overCapacity);
    this.limits = new PodLimits(statusWriter, mounts, events, about, changed);
  }

  private static List<ContainerWorker> workers(
      List<Container> specs, List<ContainerStatus> known, String idScheme, String initialReason) {
    return specs.stream()
        .map(
            spec ->
                ContainerWorker.of(
                    spec,
                    known.stream()
                        .filter(status -> status.getName().equals(spec.getName()))
                        .findFirst()
                        .orElse(null),
                    idScheme,
                    initialReason))
        .toList();
  }

  @Override
  public Pod pod() {
    return pod;
  }

  void update(Pod latest) {
    pod = latest;
  }

  private void objectChanged() {
    mounts.retry();
    changed.run();
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
    return statusWriter.terminal();
  }

  @Override
  public Optional<ContainerRuntime.Sandbox> runningSandbox() {
    return running().isEmpty() ? Optional.empty() : Optional.ofNullable(sandbox);
  }

  @Override
  public List<RunningContainer> running() {
    return all().stream().flatMap(container -> container.runs().stream()).toList();
  }

  @Override
  public ObjectNode toJson() {
    ObjectNode json = Json.tree(pod);
    json.set("status", statusWriter.status());
    return json;
  }

  @Override
  public LogSource log(String container, boolean previous)
      throws LogSource.NotFoundException, LogSource.NotAvailableException {
    String podName = about.name();
    for (ContainerWorker worker : all()) {
      if (worker.name().equals(container)) {
        return PodLogs.choose(worker, podName, previous, logDirectory);
      }
    }
    throw new LogSource.NotFoundException(
        "container \"" + container + "\" not found in pod \"" + podName + "\"\n");
  }

  /** Ends all processes at once, when the kubelet goes and they can't outlive it. */
  void kill() {
    killed = true;
    all().forEach(c -> c.stop(Duration.ZERO));
  }

  /** Does what is to be done now; returns when to be called again though nothing has changed. */
  Duration sync() throws IOException {
    if (killed) {
      return Duration.ZERO;
    }
    ephemeral.see(pod);
    all().forEach(ContainerWorker::observeExit);
    if (gone) {
      return end(grace(), this::forget);
    }
    if (pod.getMetadata().getDeletionTimestamp() != null) {
      return end(grace(), this::delete);
    }
    PodStatus view = view();
    Duration lifeLeft = limits.lifeLeft(pod);
    if (terminal() || statusWriter.failed()) {
      return end(grace(), () -> tell(view));
    }
    Duration next = run();
    if (!tell(view)) {
      next = soonest(next, UNREACHABLE);
    }
    if (terminal()) {
      changed.run();
    }
    return soonest(soonest(next, lifeLeft), limits.volumesChecked(pod));
  }

  /** Tells the status; returns whether it is told. A static pod goes on without the apiserver. */
  private boolean tell(PodStatus view) {
    if (mirror == null) {
      statusWriter.see(pod);
    }
    ObjectNode next = statusWriter.next(view, sandbox);
    try {
      statusWriter.write(next);
      return true;
    } catch (Exception e) {
      if (mirror == null) {
        throw e;
      }
      LOG.debug("{}/{}: not shown yet: {}", about.namespace(), about.name(), e.getMessage());
      return false;
    }
  }

  private List<ContainerWorker> all() {
    return Stream.of(init, main, ephemeral.all()).flatMap(List::stream).toList();
  }

  private PodStatus view() {
    return new PodStatus(restartPolicy(), init, main, ephemeral.all());
  }

  private String restartPolicy() {
    String policy = pod.getSpec().getRestartPolicy();
    return policy == null ? "Always" : policy;
  }

  private Duration grace() {
    Long given = pod.getMetadata().getDeletionGracePeriodSeconds();
    Long own = pod.getSpec().getTerminationGracePeriodSeconds();
    return Duration.ofSeconds(given != null ? given : own != null ? own : 30);
  }

  /** Takes the steps towards running containers, which begin with the volumes. */
  private Duration run() {
    Duration wait = mounts.mount(pod);
    // What runs goes on with the token that it has while the next one is not to be had.
    if (sandbox == null && !wait.isZero()) {
      return wait;
    }
    return soonest(steps(), mounts.untilRenewal());
  }

  private static Duration soonest(Duration one, Duration other) {
    if (one.isZero() || other.isZero()) {
      return one.isZero() ? other : one;
    }
    return one.compareTo(other) < 0 ? one : other;
  }

  private Duration steps() {
    for (ContainerWorker container : all()) {
      restarts.see(pod, container, fieldPath(container), grace());
    }
    if (sandbox == null) {
      var config = new ContainerRuntime.SandboxConfig(pod, logDirectory);
      try {
        sandbox = runtime.runSandbox(config).await();
      } catch (RuntimeException e) {
        events.warning(
            about, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.getMessage());
        throw e;
      }
    }
    Duration next = Duration.ZERO;
    // Before the others, so that one can look at a pod whose own can't start.
    for (ContainerWorker container : ephemeral.unstarted()) {
      next = soonest(next, start(container));
    }
    return soonest(next, ownSteps());
  }

  private Duration ownSteps() {
    for (ContainerWorker container : init) {
      boolean sidecar = PodStatus.sidecar(container);
      if (container.succeeded() && !sidecar && !container.restartAsked()) {
        continue;
      }
      if (!container.running()) {
        if (container.failed()
            && !container.restartAsked()
            && !sidecar
            && restartPolicy().equals("Never")) {
          return Duration.ZERO;
        }
        Duration wait = start(container);
        if (!container.running()) {
          return wait;
        }
      }
      // A sidecar that has not started up yet holds the others back.
      if (!sidecar || !container.startedUp()) {
        return Duration.ZERO;
      }
    }
    Duration next = Duration.ZERO;
    for (ContainerWorker container : main) {
      if (container.starting()) {
        // Those that follow wait for its hook.
        return next;
      }
      if (!container.running() && wanted(container)) {
        next = soonest(next, start(container));
      }
    }
    return next;
  }

  private Duration start(ContainerWorker container) {
    return starter.start(pod, container, fieldPath(container), sandbox);
  }

  private boolean wanted(ContainerWorker container) {
    if (container.restartAsked()) {
      return true;
    }
    ContainerState.Terminated ended =
        container.state() instanceof ContainerState.Terminated t ? t : container.lastTerminated();
    return ended == null
        || switch (restartPolicy()) {
          case "Never" -> false;
          case "OnFailure" -> ended.exitCode() != 0;
          default -> true;
        };
  }

  /** Ends processes; when all have ended, gives the address back and does the last thing. */
  private Duration end(Duration grace, Last last) throws IOException {
    if (!stopAll(grace)) {
      return Duration.ZERO;
    }
    mounts.remove();
    objects.release(about.uid());
    last.run();
    ContainerRuntime.Sandbox held = sandbox;
    if (held != null) {
      runtime.removeSandbox(held).await();
      sandbox = null;
    }
    return Duration.ZERO;
  }

  /**
   * Has all containers end; returns whether they have. Sidecars serve the others to their end, and
   * go after them in the reverse order of their start, with what time is left.
   */
  private boolean stopAll(Duration grace) {
    endingSince = endingSince == 0 ? System.nanoTime() : endingSince;
    List<ContainerWorker> sidecars = init.stream().filter(PodStatus::sidecar).toList();
    boolean ended = true;
    for (ContainerWorker container : all()) {
      if (!sidecars.contains(container)) {
        ended &= stopped(container, grace);
      }
    }
    Duration left = grace.minusNanos(System.nanoTime() - endingSince);
    for (ContainerWorker sidecar : sidecars.reversed()) {
      if (grace.isZero()) {
        ended &= stopped(sidecar, grace);
      } else if (ended) {
        ended = stopped(sidecar, left.compareTo(LEAST_GRACE) > 0 ? left : LEAST_GRACE);
      }
    }
    return ended;
  }

  private boolean stopped(ContainerWorker container, Duration grace) {
    if (container.stop(grace)) {
      events.normal(
          about.field(fieldPath(container)), "Killing", "Stopping container " + container.name());
    }
    return !container.running();
  }

  private interface Last {
    void run() throws IOException;
  }

  /** Tells the last state and deletes the object, which waited for this. */
  private void delete() throws IOException {
    PodStatus view = view();
    ObjectNode last = statusWriter.next(view, sandbox);
    if (!terminal()) {
      last.put("phase", view.finalPhase());
    }
    statusWriter.write(last);
    client
        .deleteIfPresent(
            Resource.PODS, about.namespace(), about.name(), DeleteOptions.now(about.uid()))
        .await();
  }

  private void forget() throws IOException {
    finished = true;
    DirectoryTree.delete(logDirectory);
  }

  private String fieldPath(ContainerWorker container) {
    String list =
        init.contains(container)
            ? "spec.initContainers"
            : main.contains(container) ? "spec.containers" : "spec.ephemeralContainers";
    return list + "{" + container.name() + "}";
  }
}
