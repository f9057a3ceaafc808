package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.volumes.DownwardApi;
import io.hubspoke.kubelet.volumes.MountException;
import io.hubspoke.kubelet.volumes.PodDirectory;
import io.hubspoke.kubelet.volumes.PodObjects;
import io.hubspoke.kubelet.volumes.VariableExpansion;
import io.hubspoke.runtime.GoDuration;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Starts the containers of one pod: pulls the image, waits where a pull or an earlier run failed,
 * and tells by events what happens. Its methods wait, so they run on virtual threads.
 */
final class ContainerStarter {
  /** How soon a failed pull is looked at again, to tell that it waits. */
  private static final Duration PULL_RECHECK = Duration.ofSeconds(1);

  private final KubeletOptions options;
  private final ContainerRuntime runtime;
  private final DownwardApi description;
  private final PodObjects objects;
  private final ServiceVariables services;
  private final VolumeMounts mounts;
  private final PodDirectory directory;
  private final ContainerProbes.Means probing;
  private final LifecycleHooks hooks;
  private final EventRecorder events;
  private final Regarding about;
  private final Path logDirectory;
  private final Runnable changed;

  /**
   * Makes a starter for one pod.
   *
   * @param probing what probes need; its {@code changed} is called when a container has ended too
   * @param objects what the pod may read
   * @param mounts the pod's volumes
   */
  ContainerStarter(
      PodWorker.Node node,
      ContainerProbes.Means probing,
      PodObjects objects,
      VolumeMounts mounts,
      PodDirectory directory,
      Regarding about,
      Path logDirectory) {
    this.options = node.options();
    this.runtime = node.runtime();
    this.description = node.description();
    this.objects = objects;
    this.services = node.services();
    this.mounts = mounts;
    this.directory = directory;
    this.probing = probing;
    this.hooks = new LifecycleHooks(node.context().owner(), node.prober(), probing.exec());
    this.events = probing.events();
    this.about = about;
    this.logDirectory = logDirectory;
    this.changed = probing.changed();
  }

  /**
   * Starts a container, or says how long it has to wait.
   *
   * @param pod as it is now
   * @param path names the container in the pod's spec, such as {@code spec.containers{web}}
   */
  Duration start(Pod pod, ContainerWorker container, String path, Sandbox sandbox) {
    Instant now = Instant.now();
    Duration crashWait = container.crashWait(now, options.maxCrashLoopBackOff());
    if (!crashWait.isZero()) {
      String podText = about.name() + "_" + about.namespace() + "(" + about.uid() + ")";
      container.wait(
          "CrashLoopBackOff",
          "back-off "
              + GoDuration.format(container.backOff())
              + " restarting failed container="
              + container.name()
              + " pod="
              + podText);
      events.warning(
          about.field(path),
          "BackOff",
          "Back-off restarting failed container " + container.name() + " in pod " + podText);
      return crashWait;
    }
    Duration pullWait = image(container, path, now);
    if (!pullWait.isZero()) {
      return pullWait;
    }
    Map<String, String> told;
    Map<String, String> env;
    List<ContainerRuntime.Mount> seen;
    try {
      Optional<String> unsupported = UnsupportedParts.reason(container.spec());
      if (unsupported.isPresent()) {
        throw new ContainerEnvironment.ConfigException(unsupported.get());
      }
      told = services.of(pod);
      env =
          new ContainerEnvironment(options, objects, told, description, pod, sandbox)
              .of(container.spec());
      seen = new ArrayList<>(mounts.of(pod, container.spec(), env));
      runtime.check(pod, container.spec()).await();
    } catch (ContainerEnvironment.ConfigException
        | MountException
        | ContainerRuntime.ConfigException e) {
      container.wait("CreateContainerConfigError", e.getMessage());
      events.warning(about.field(path), "Failed", "Error: " + e.getMessage());
      return options.crashLoopBackOff();
    }
    container.starting(options.crashLoopBackOff(), options.maxCrashLoopBackOff());
    try {
      deleteOldLogs(container);
      prepareMessage(container, seen);
      events.normal(about.field(path), "Created", "Created container: " + container.name());
      ContainerRuntime.Container process =
          runtime.startContainer(sandbox, config(pod, container, env, told, seen)).await();
      begin(container, process, about.field(path), sandbox.ip());
      events.normal(about.field(path), "Started", "Started container " + container.name());
      process.exited().onComplete(exit -> changed.run());
      return Duration.ZERO;
    } catch (ContainerRuntime.StartException | IOException e) {
      container.cannotStart(e.getMessage());
      events.warning(about.field(path), "Failed", "Error: " + e.getMessage());
      // Looked at again at once: the crash back-off decides.
      changed.run();
      return Duration.ZERO;
    }
  }

  /** Gives the container a file for its last words, where it has a file system of its own. */
  private void prepareMessage(ContainerWorker container, List<ContainerRuntime.Mount> seen)
      throws IOException {
    if (!runtime.mountsHostPaths()) {
      container.says(null);
      return;
    }
    TerminationMessage message =
        new TerminationMessage(
            directory.terminationMessage(container.name(), container.attempt()),
            PodLogs.file(logDirectory, container, container.attempt()),
            container.spec());
    seen.add(message.make());
    container.says(message);
  }

  /** Has what accompanies a run begin: the hook after its start, and then its probes. */
  private void begin(
      ContainerWorker container, ContainerRuntime.Container process, Regarding field, String ip) {
    Container spec = container.spec();
    ContainerProbes probes = new ContainerProbes(probing, spec, process, field, ip);
    ContainerTermination end = new ContainerTermination(hooks, events, field, spec, process, ip);
    LifecycleHandler postStart =
        spec.getLifecycle() == null ? null : spec.getLifecycle().getPostStart();
    if (postStart == null) {
      container.runs(process, probes.start(), end, Future.succeededFuture());
      return;
    }
    Future<Void> hook = hooks.run(postStart, spec, process, ip, null);
    container.runs(process, probes, end, hook);
    hook.onSuccess(v -> probes.start())
        .onFailure(
            e ->
                events.warning(
                    field, "FailedPostStartHook", "PostStartHook failed: " + e.getMessage()))
        .onComplete(done -> changed.run());
  }

  /** Makes the image ready, or says how long to wait for the next attempt. */
  private Duration image(ContainerWorker container, String path, Instant now) {
    String image = container.spec().getImage();
    Duration wait = container.imageWait(now);
    if (!wait.isZero()) {
      String backingOff = "Back-off pulling image \"" + image + "\"";
      events.normal(about.field(path), "BackOff", backingOff);
      events.warning(about.field(path), "Failed", "Error: ImagePullBackOff");
      container.wait("ImagePullBackOff", backingOff + ": ErrImagePull: " + container.imageError());
      return wait;
    }
    String policy = container.spec().getImagePullPolicy();
    if (!"Always".equals(policy)) {
      Optional<ContainerRuntime.ImageRef> present = runtime.findImage(image).await();
      if (present.isPresent()) {
        ready(container, path, present.get());
        return Duration.ZERO;
      }
      if ("Never".equals(policy)) {
        String message =
            "Container image \"" + image + "\" is not present with pull policy of Never";
        events.warning(about.field(path), "ErrImageNeverPull", message);
        container.wait("ErrImageNeverPull", message);
        return options.crashLoopBackOff();
      }
    }
    events.normal(about.field(path), "Pulling", "Pulling image \"" + image + "\"");
    try {
      ready(container, path, runtime.pullImage(image).await());
      return Duration.ZERO;
    } catch (ContainerRuntime.ImageException e) {
      events.warning(
          about.field(path), "Failed", "Failed to pull image \"" + image + "\": " + e.getMessage());
      events.warning(about.field(path), "Failed", "Error: ErrImagePull");
      container.imageFailed(
          e.getMessage(), now, options.crashLoopBackOff(), options.maxCrashLoopBackOff());
      container.wait("ErrImagePull", e.getMessage());
      return PULL_RECHECK;
    }
  }

  private void ready(ContainerWorker container, String path, ContainerRuntime.ImageRef image) {
    container.imageReady(image.id());
    String name = "image \"" + container.spec().getImage() + "\"";
    events.normal(
        about.field(path),
        "Pulled",
        image.present()
            ? "Container " + name + " already present on machine"
            : "Successfully pulled " + name);
  }

  private ContainerRuntime.ContainerConfig config(
      Pod pod,
      ContainerWorker container,
      Map<String, String> env,
      Map<String, String> told,
      List<ContainerRuntime.Mount> seen) {
    Container spec = container.spec();
    return new ContainerRuntime.ContainerConfig(
        pod,
        spec,
        expanded(spec.getCommand(), env),
        expanded(spec.getArgs(), env),
        env,
        told,
        seen,
        PodLogs.file(logDirectory, container, container.attempt()),
        container.attempt());
  }

  private static List<String> expanded(List<String> words, Map<String, String> env) {
    return words.stream().map(word -> VariableExpansion.expand(word, env::get)).toList();
  }

  private void deleteOldLogs(ContainerWorker container) throws IOException {
    Path old = PodLogs.file(logDirectory, container, container.attempt() - 2);
    Files.deleteIfExists(old);
    Files.deleteIfExists(old.resolveSibling(old.getFileName() + ".1"));
  }
}
