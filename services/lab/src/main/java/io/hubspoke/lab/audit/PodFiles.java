package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of a pod on its node, as whoever has broken into the node finds them. */
record PodFiles(Mesh mesh, String node, String namespace, String pod, String uid) {

  /** Returns the token that the pod has in its mount. */
  String token() throws IOException {
    return mounted("token").strip();
  }

  /** Returns the authorities that the pod has in its mount, in PEM. */
  String authority() throws IOException {
    return mounted("ca.crt");
  }

  private String mounted(String file) throws IOException {
    var volumes = mesh.nodeDirectory(node).resolve("pods").resolve(uid).resolve("volumes");
    return Files.readString(
        only(volumes.resolve("kubernetes.io~projected"), "kube-api-access-*").resolve(file));
  }

  /** Returns what a container has written, without the runtime's own prefixes. */
  List<String> log(String container) throws IOException {
    var file =
        mesh.nodeDirectory(node)
            .resolve("logs")
            .resolve(namespace + "_" + pod + "_" + uid)
            .resolve(container)
            .resolve("0.log");
    if (!Files.exists(file)) {
      return List.of();
    }
    return Files.readAllLines(file).stream().map(PodFiles::text).toList();
  }

  /** A line in CRI's format: time, stream, tag, text. */
  private static String text(String line) {
    var parts = line.split(" ", 4);
    return parts.length == 4 ? parts[3] : "";
  }

  private static Path only(Path directory, String pattern) throws IOException {
    try (var found = Files.newDirectoryStream(directory, pattern)) {
      for (var one : found) {
        return one;
      }
    }
    throw new IOException("no " + pattern + " in " + directory);
  }
}
