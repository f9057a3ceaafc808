package io.hubspoke.kubelet.runtime;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs containers in pod sandboxes: the part of CRI that the kubelet needs. Containers write their
 * output to the log file they are given, in CRI's format.
 */
public interface ContainerRuntime {

  /** Makes it ready for use, and takes away what an earlier run of it left on the machine. */
  Future<Void> start();

  /** Ends what can't outlive the kubelet and lets go of the rest. */
  Future<Void> stop();

  /**
   * Returns name and version, such as {@code containerd://2.1.0}; the name is also the scheme of
   * container IDs.
   */
  String version();

  /**
   * Returns whether containers have a file system of their own into which host paths can be
   * mounted.
   */
  boolean mountsHostPaths();

  /** Returns the images that need no pull. */
  List<String> images();

  /** Returns why it can't run pods at present, which makes the node not ready. */
  default Optional<String> notReady() {
    return Optional.empty();
  }

  /** Says from which addresses pods get theirs; before the first sandbox, and again on change. */
  void updatePodCidr(String cidr);

  /** Makes the surroundings of a pod: its address. */
  Future<Sandbox> runSandbox(SandboxConfig config);

  /** Returns an image that needs no pull, if it is there. */
  default Future<Optional<ImageRef>> findImage(String image) {
    return pullImage(image)
        .map(Optional::of)
        .recover(
            failure ->
                failure instanceof ImageException
                    ? Future.succeededFuture(Optional.empty())
                    : Future.failedFuture(failure));
  }

  /**
   * Makes an image ready as its registry has it now, where there are registries; fails with {@link
   * ImageException} when there is none of the name.
   */
  Future<ImageRef> pullImage(String image);

  /**
   * Looks whether a container may be what its pod says, its image being there; fails with {@link
   * ConfigException} when it can't.
   */
  default Future<Void> check(Pod pod, io.fabric8.kubernetes.api.model.Container spec) {
    return Future.succeededFuture();
  }

  /** Starts a container; fails with {@link StartException} when its process can't start. */
  Future<Container> startContainer(Sandbox sandbox, ContainerConfig config);

  /** Gives the sandbox's address back; its containers are stopped already. */
  Future<Void> removeSandbox(Sandbox sandbox);

  /**
   * Runs a command in a running container; fails with {@link StartException} when it can't be
   * started.
   */
  Future<RemoteProcess> exec(Container container, List<String> command, RemoteCommand streams);

  /** Joins the streams of a running container's own process. */
  Future<RemoteProcess> attach(Container container, RemoteCommand streams);

  /** Connects to a port that the pod listens on, also on its loopback address alone. */
  Future<Duplex> portForward(Sandbox sandbox, int port);

  /** Returns what a running container uses; empty where that can't be told. */
  Future<Optional<Usage>> usage(Container container);

  /**
   * Surroundings of a pod.
   *
   * @param logDirectory where the log files of its containers will be
   */
  record SandboxConfig(Pod pod, Path logDirectory) {
    public String namespace() {
      return pod.getMetadata().getNamespace();
    }

    public String podName() {
      return pod.getMetadata().getName();
    }

    public String uid() {
      return pod.getMetadata().getUid();
    }

    public boolean hostNetwork() {
      return Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
    }
  }

  record Sandbox(String id, String ip) {}

  /**
   * What an image name stands for.
   *
   * @param present whether it was there before it was asked for
   */
  record ImageRef(String id, long sizeBytes, boolean present) {}

  /** A volume, or a path in one, as a container sees it. */
  record Mount(Path hostPath, String containerPath, boolean readOnly) {}

  /**
   * One start of one container.
   *
   * @param spec the container as its pod describes it; what follows is worked out from it
   * @param command replaces the image's own when not empty
   * @param services what the pod is told of services, whatever the container makes of it in {@code
   *     env}
   * @param attempt how many starts came before
   */
  record ContainerConfig(
      Pod pod,
      io.fabric8.kubernetes.api.model.Container spec,
      List<String> command,
      List<String> args,
      Map<String, String> env,
      Map<String, String> services,
      List<Mount> mounts,
      Path logFile,
      int attempt) {
    public ContainerConfig {
      command = List.copyOf(command);
      args = List.copyOf(args);
      env = Map.copyOf(env);
      services = Map.copyOf(services);
      mounts = List.copyOf(mounts);
    }

    /**
     * Returns the same of a pod of which no more is kept than what it is called, and where it is
     * when it is on its node's network.
     */
    public ContainerConfig ofNamedPod() {
      var named = pod.getMetadata();
      var known =
          new PodBuilder()
              .withNewMetadata()
              .withName(named.getName())
              .withNamespace(named.getNamespace())
              .withUid(named.getUid())
              .endMetadata();
      var pods = pod.getSpec();
      if (pods != null && Boolean.TRUE.equals(pods.getHostNetwork())) {
        known.withNewSpec().withHostNetwork(true).withNodeName(pods.getNodeName()).endSpec();
      }
      return new ContainerConfig(
          known.build(), spec, command, args, env, services, mounts, logFile, attempt);
    }

    public String podName() {
      return pod.getMetadata().getName();
    }

    public String name() {
      return spec.getName();
    }

    public String image() {
      return spec.getImage();
    }

    /** Returns container ports in the order of the pod's spec. */
    public List<Integer> ports() {
      return spec.getPorts().stream().map(ContainerPort::getContainerPort).toList();
    }
  }

  /** A started container. */
  interface Container {
    String id();

    Instant startedAt();

    /** Completes when the process has ended. */
    Future<Exit> exited();

    /** Asks the process to end, and ends it after the grace period. */
    Future<Exit> stop(Duration grace);
  }

  /**
   * How a process ended.
   *
   * @param reason such as {@code OOMKilled}; empty for what its code says
   * @param message what it has left to be told; may be empty
   */
  record Exit(int code, Instant at, String reason, String message) {
    public Exit(int code, Instant at) {
      this(code, at, "", "");
    }

    public Exit {
      if (reason.isEmpty()) {
        reason = code == 0 ? "Completed" : "Error";
      }
    }
  }

  /**
   * What a container uses.
   *
   * @param cpuNanos processor time since its start
   * @param memoryBytes its working set
   */
  record Usage(Instant at, long cpuNanos, long memoryBytes) {}

  /** There is no such image. */
  final class ImageException extends RuntimeException {
    public ImageException(String message) {
      super(message, null, false, false);
    }
  }

  /** The container can't be made as its pod describes it. */
  final class ConfigException extends RuntimeException {
    public ConfigException(String message) {
      super(message, null, false, false);
    }
  }

  /** The container's process could not be started. */
  final class StartException extends RuntimeException {
    public StartException(String message) {
      super(message, null, false, false);
    }
  }
}
