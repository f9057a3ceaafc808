package io.hubspoke.kubelet.runtime;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a pod is called, and the file {@code /etc/hosts} that its containers see. */
public final class EtcHosts {
  /** Where it is, in containers and on the machine. */
  public static final String PATH = "/etc/hosts";

  private static final int MAX_HOSTNAME = 63;

  private EtcHosts() {}

  /** Returns what the pod calls itself: what its spec says, else its name, as far as it fits. */
  public static String hostname(Pod pod) {
    String given = pod.getSpec().getHostname();
    String name = given == null || given.isEmpty() ? pod.getMetadata().getName() : given;
    return name.length() <= MAX_HOSTNAME
        ? name
        : name.substring(0, MAX_HOSTNAME).replaceAll("[-.]+$", "");
  }

  /** Returns the file's text: on the machine's network the machine's own with the pod's aliases. */
  public static String of(Pod pod, String podIp) throws IOException {
    StringBuilder text = new StringBuilder("# Kubernetes-managed hosts file");
    if (Boolean.TRUE.equals(pod.getSpec().getHostNetwork())) {
      text.append(" (host network).\n");
      if (Files.isReadable(Path.of(PATH))) {
        text.append(Files.readString(Path.of(PATH)));
      }
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
      String hostname = hostname(pod);
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
