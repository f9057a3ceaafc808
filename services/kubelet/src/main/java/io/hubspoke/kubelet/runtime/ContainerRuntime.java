package io.hubspoke.kubelet.runtime;

import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Runs containers in pod sandboxes: the part of CRI that the kubelet needs. Containers write their
 * output to the log file they are given, in CRI's format.
 */
public interface ContainerRuntime {

  /** Returns name and version, such as {@code containerd://2.1.0}. */
  String version();

  /** Returns the images that need no pull. */
  List<String> images();

  /** Says from which addresses pods get theirs; before the first sandbox, and again on change. */
  void updatePodCidr(String cidr);

  /** Makes the surroundings of a pod: its address. */
  Future<Sandbox> runSandbox(SandboxConfig config);

  /** Makes an image ready; fails with {@link ImageException} when there is none of the name. */
  Future<ImageRef> pullImage(String image);

  /** Starts a container; fails with {@link StartException} when its process can't start. */
  Future<Container> startContainer(Sandbox sandbox, ContainerConfig config);

  /** Gives the sandbox's address back; its containers are stopped already. */
  Future<Void> removeSandbox(Sandbox sandbox);

  record SandboxConfig(String namespace, String podName, String uid, boolean hostNetwork) {}

  record Sandbox(String id, String ip) {}

  /**
   * What an image name stands for.
   *
   * @param present whether it was there before it was asked for
   */
  record ImageRef(String id, long sizeBytes, boolean present) {}

  /**
   * One start of one container.
   *
   * @param command replaces the image's own when not empty
   * @param ports container ports in the order of the pod's spec
   */
  record ContainerConfig(
      String podName,
      String name,
      String image,
      List<String> command,
      List<String> args,
      Map<String, String> env,
      List<Integer> ports,
      Path logFile) {
    public ContainerConfig {
      command = List.copyOf(command);
      args = List.copyOf(args);
      env = Map.copyOf(env);
      ports = List.copyOf(ports);
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

  record Exit(int code, Instant at) {}

  /** There is no such image. */
  final class ImageException extends RuntimeException {
    public ImageException(String message) {
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
