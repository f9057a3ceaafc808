package io.hubspoke.kubelet.runtime;

import java.nio.file.Path;

/** What {@code --container-runtime-endpoint} says: which runtime runs a node's containers. */
public sealed interface RuntimeEndpoint {
  /** Built-in images in the kubelet's own process. */
  record InProcess() implements RuntimeEndpoint {
    @Override
    public String toString() {
      return "in-process://";
    }
  }

  /**
   * Each container a process of this machine.
   *
   * @param images with a folder for each image beside the built-in ones; null for none
   */
  record Processes(Path images) implements RuntimeEndpoint {
    @Override
    public String toString() {
      return "process://" + (images == null ? "" : images);
    }
  }

  /** A runtime that speaks CRI at a socket, such as containerd. */
  record Cri(Path socket) implements RuntimeEndpoint {
    @Override
    public String toString() {
      return "unix://" + socket;
    }
  }

  /**
   * Reads the flag's value; a bare path is a socket's, as the real kubelet still takes it.
   *
   * @throws IllegalArgumentException naming the flag, the value and what is expected
   */
  static RuntimeEndpoint parse(String text) {
    if (text.equals("in-process://")) {
      return new InProcess();
    }
    if (text.startsWith("process://")) {
      String images = text.substring("process://".length());
      if (images.isEmpty()) {
        return new Processes(null);
      }
      if (!images.startsWith("/") || images.indexOf('\0') >= 0) {
        throw new IllegalArgumentException(
            "--container-runtime-endpoint must be process:// or process:///FOLDER-OF-IMAGES, but is"
                + " \""
                + text
                + "\"");
      }
      return new Processes(Path.of(images));
    }
    String socket = text.startsWith("unix://") ? text.substring("unix://".length()) : text;
    if (!socket.startsWith("/") || socket.equals("/") || socket.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "--container-runtime-endpoint must be in-process://, process:// or a CRI socket such as"
              + " unix:///run/containerd/containerd.sock, but is \""
              + text
              + "\"");
    }
    return new Cri(Path.of(socket));
  }
}
