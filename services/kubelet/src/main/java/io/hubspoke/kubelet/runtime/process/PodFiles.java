package io.hubspoke.kubelet.runtime.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The files that every container has: who the pod is, and how names are resolved. */
final class PodFiles {
  private PodFiles() {}

  static Map<String, String> of(PodSandbox sandbox) throws IOException {
    Map<String, String> files = new LinkedHashMap<>();
    var spec = sandbox.config().pod().getSpec();
    if (sandbox.config().hostNetwork()) {
      copy(files, "/etc/hosts");
      copy(files, "/etc/hostname");
    } else {
      String name =
          spec.getHostname() == null || spec.getHostname().isEmpty()
              ? sandbox.config().podName()
              : spec.getHostname();
      StringBuilder hosts =
          new StringBuilder(
              """
              # Kubernetes-managed hosts file.
              127.0.0.1\tlocalhost
              ::1\tlocalhost ip6-localhost ip6-loopback
              """);
      hosts.append(sandbox.ip()).append('\t').append(name).append('\n');
      for (var alias : spec.getHostAliases()) {
        hosts
            .append(alias.getIp())
            .append('\t')
            .append(String.join("\t", alias.getHostnames()))
            .append('\n');
      }
      files.put("/etc/hosts", hosts.toString());
      files.put("/etc/hostname", name + "\n");
    }
    copy(files, "/etc/resolv.conf");
    return files;
  }

  private static void copy(Map<String, String> files, String path) throws IOException {
    if (Files.isReadable(Path.of(path))) {
      files.put(path, Files.readString(Path.of(path)));
    }
  }
}
