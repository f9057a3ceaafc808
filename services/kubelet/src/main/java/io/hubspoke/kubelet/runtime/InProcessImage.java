package io.hubspoke.kubelet.runtime;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * An image of the in-process runtime that comes from whoever assembles: the runtime knows its name
 * and not what is behind it.
 *
 * @param name without registry host and tag, such as {@code hubspoke/kube-proxy}
 * @param entrypoint the path of its one program, such as {@code /usr/local/bin/kube-proxy}; other
 *     commands of a pod are the shell's
 * @param program makes a process of it; may throw {@link ContainerRuntime.StartException}
 */
public record InProcessImage(
    String name, String entrypoint, Function<Program.Surroundings, Program> program) {
  public InProcessImage {
    Objects.requireNonNull(program, "program");
    if (!name.matches("[a-z0-9]+([-._/][a-z0-9]+)*")) {
      throw new IllegalArgumentException(
          "the name of an image is a path in lower case, not \"" + name + "\"");
    }
    if (!entrypoint.startsWith("/") || entrypoint.endsWith("/")) {
      throw new IllegalArgumentException(
          "the entrypoint of image " + name + " is a path, not \"" + entrypoint + "\"");
    }
  }

  /** Returns whether a container's command means its program: by path, by name, or by nothing. */
  boolean runs(List<String> command) {
    return command.isEmpty()
        || command.getFirst().equals(entrypoint)
        || command.getFirst().equals(entrypoint.substring(entrypoint.lastIndexOf('/') + 1));
  }
}
