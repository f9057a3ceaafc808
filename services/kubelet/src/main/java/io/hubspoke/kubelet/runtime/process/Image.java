package io.hubspoke.kubelet.runtime.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What an image name stands for on this machine.
 *
 * @param name with its tag
 * @param rootfs a root file system, or null for the machine's own commands
 * @param bin commands that come before the machine's own, or null
 * @param env by name
 * @param workingDir absolute
 * @param user whom it runs as when the pod doesn't say; negative for whom the kubelet runs as
 */
record Image(
    String name,
    Path rootfs,
    Path bin,
    List<String> entrypoint,
    List<String> command,
    Map<String, String> env,
    String workingDir,
    int user) {
  Image {
    entrypoint = List.copyOf(entrypoint);
    command = List.copyOf(command);
    env = Map.copyOf(env);
  }
}
