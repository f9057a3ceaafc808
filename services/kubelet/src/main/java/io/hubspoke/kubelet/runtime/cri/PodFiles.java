package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.hubspoke.kubelet.runtime.EtcHosts;
import io.hubspoke.kubelet.volumes.PodDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Keeps the file that a kubelet puts into every container beside its volumes: {@code /etc/hosts}.
 * It is in the pod's directory, which the pod's volumes take with them.
 */
final class PodFiles {
  private final Path rootDir;

  PodFiles(Path rootDir) {
    this.rootDir = rootDir.toAbsolutePath();
  }

  /** Returns what to mount into a container, its own volumes excepted. */
  List<Mount> prepare(ContainerConfig config, String podIp) throws IOException {
    var spec = config.pod().getSpec();
    boolean machines =
        Boolean.TRUE.equals(spec.getHostNetwork()) && spec.getHostAliases().isEmpty();
    boolean taken =
        config.mounts().stream().anyMatch(mount -> mount.containerPath().equals(EtcHosts.PATH));
    if (machines || taken) {
      return List.of();
    }
    Path hosts = new PodDirectory(rootDir, config.pod().getMetadata().getUid()).hosts();
    Files.createDirectories(hosts.getParent());
    Files.writeString(hosts, EtcHosts.of(config.pod(), podIp));
    return List.of(new Mount(hosts, EtcHosts.PATH, false));
  }
}
