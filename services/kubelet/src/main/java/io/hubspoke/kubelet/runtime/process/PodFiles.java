package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.EtcHosts;
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
    var pod = sandbox.config().pod();
    files.put(EtcHosts.PATH, EtcHosts.of(pod, sandbox.ip()));
    if (sandbox.config().hostNetwork()) {
      copy(files, "/etc/hostname");
    } else {
      files.put("/etc/hostname", EtcHosts.hostname(pod) + "\n");
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
