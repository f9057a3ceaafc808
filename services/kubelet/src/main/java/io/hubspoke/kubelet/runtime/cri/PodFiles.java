package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the file that a kubelet puts into every container beside its volumes: {@code /etc/hosts}.
 * It is in the pod's directory, which the pod's volumes take with them.
 */
final class PodFiles {
  private static final String HOSTS = "/etc/hosts";

  private final Path pods;

  PodFiles(Path rootDir) {
    this.pods = rootDir.toAbsolutePath().resolve("pods");
  }

  /** Returns what to mount into a container, its own volumes excepted. */
  List<Mount> prepare(ContainerConfig config, String podIp) throws IOException {
    List<Mount> mounts = new ArrayList<>();
    Path directory = directory(config.pod());
    Files.createDirectories(directory);
    boolean hostNetwork = Boolean.TRUE.equals(config.pod().getSpec().getHostNetwork());
    if (!taken(config, HOSTS)
        && !(hostNetwork && config.pod().getSpec().getHostAliases().isEmpty())) {
      Path hosts = directory.resolve("etc-hosts");
      Files.writeString(hosts, hosts(config.pod(), podIp, hostNetwork));
      mounts.add(new Mount(hosts, HOSTS, false));
    }
    return mounts;
  }

  private Path directory(Pod pod) {
    return pods.resolve(pod.getMetadata().getUid());
  }

  private static boolean taken(ContainerConfig config, String path) {
    return config.mounts().stream().anyMatch(mount -> mount.containerPath().equals(path));
  }

  private static String hosts(Pod pod, String podIp, boolean hostNetwork) throws IOException {
    StringBuilder text = new StringBuilder("# Kubernetes-managed hosts file");
    if (hostNetwork) {
      text.append(" (host network).\n").append(Files.readString(Path.of(HOSTS)));
    } else {
      text.append(
          """
          .
          127.0.0.1\tlocalhost
          ::1\tlocalhost ip6-localhost ip6-loopback
          fe00::0\tip6-localnet
          fe00::0\tip6-mcastprefix
          fe00::1\tip6-allnodes
          fe00::2\tip6-allrouters
          """);
      String hostname = PodSandboxes.hostname(pod);
      String subdomain = pod.getSpec().getSubdomain();
      text.append(podIp).append('\t');
      if (subdomain != null && !subdomain.isEmpty()) {
        text.append(hostname)
            .append('.')
            .append(subdomain)
            .append('.')
            .append(pod.getMetadata().getNamespace())
            .append(".svc.cluster.local\t");
      }
      text.append(hostname).append('\n');
    }
    if (!pod.getSpec().getHostAliases().isEmpty()) {
      text.append("\n# Entries added by HostAliases.\n");
      pod.getSpec()
          .getHostAliases()
          .forEach(
              alias ->
                  text.append(alias.getIp())
                      .append('\t')
                      .append(String.join("\t", alias.getHostnames()))
                      .append('\n'));
    }
    return text.toString();
  }
}
