package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.kubelet.runtime.EtcHosts;
import io.hubspoke.kubelet.runtime.cri.v1.LinuxPodSandboxConfig;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxConfig;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxMetadata;
import io.hubspoke.kubelet.runtime.cri.v1.PortMapping;
import io.hubspoke.kubelet.runtime.cri.v1.Protocol;
import java.io.IOException;
import java.util.List;

/** Describes the sandbox of a pod as CRI does. */
final class PodSandboxes {
  private final KubernetesLabels labels;
  private final SecurityContexts security;
  private final PodDns dns;

  PodSandboxes(KubernetesLabels labels, SecurityContexts security, PodDns dns) {
    this.labels = labels;
    this.security = security;
    this.dns = dns;
  }

  PodSandboxConfig of(SandboxConfig config) throws IOException {
    Pod pod = config.pod();
    var linux = LinuxPodSandboxConfig.newBuilder().setSecurityContext(security.sandbox(pod));
    if (pod.getSpec().getSecurityContext() != null) {
      pod.getSpec()
          .getSecurityContext()
          .getSysctls()
          .forEach(sysctl -> linux.putSysctls(sysctl.getName(), sysctl.getValue()));
    }
    return PodSandboxConfig.newBuilder()
        .setMetadata(
            PodSandboxMetadata.newBuilder()
                .setName(config.podName())
                .setNamespace(config.namespace())
                .setUid(config.uid()))
        // On the host's network there is no hostname to set: containers have the machine's.
        .setHostname(config.hostNetwork() ? "" : EtcHosts.hostname(pod))
        .setLogDirectory(config.logDirectory().toAbsolutePath().toString())
        .setDnsConfig(dns.of(pod))
        .addAllPortMappings(config.hostNetwork() ? List.of() : ports(pod))
        .putAllLabels(labels.sandbox(pod))
        .putAllAnnotations(labels.sandboxAnnotations(pod))
        .setLinux(linux)
        .build();
  }

  private static List<PortMapping> ports(Pod pod) {
    return pod.getSpec().getContainers().stream()
        .flatMap(container -> container.getPorts().stream())
        .filter(port -> port.getHostPort() != null && port.getHostPort() > 0)
        .map(PodSandboxes::port)
        .toList();
  }

  private static PortMapping port(ContainerPort port) {
    return PortMapping.newBuilder()
        .setProtocol(
            switch (port.getProtocol() == null ? "TCP" : port.getProtocol()) {
              case "UDP" -> Protocol.UDP;
              case "SCTP" -> Protocol.SCTP;
              default -> Protocol.TCP;
            })
        .setContainerPort(port.getContainerPort())
        .setHostPort(port.getHostPort())
        .setHostIp(port.getHostIP() == null ? "" : port.getHostIP())
        .build();
  }
}
