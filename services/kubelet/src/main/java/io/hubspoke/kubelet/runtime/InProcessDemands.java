package io.hubspoke.kubelet.runtime;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/**
 * Finds what a pod asks for that programs in this process can't be given. What takes powers away
 * from a container, such as a read-only root file system, is kept: these programs have none of
 * them.
 */
final class InProcessDemands {
  private InProcessDemands() {}

  /** Returns the first field that can't be honoured, with its value. */
  static Optional<String> refused(Pod pod, Container container) {
    var spec = pod.getSpec();
    var ofPod = spec.getSecurityContext();
    var own = container.getSecurityContext();
    if (Boolean.TRUE.equals(spec.getHostPID())) {
      return Optional.of("hostPID: true");
    }
    if (Boolean.TRUE.equals(spec.getHostIPC())) {
      return Optional.of("hostIPC: true");
    }
    if (Boolean.TRUE.equals(spec.getShareProcessNamespace())) {
      return Optional.of("shareProcessNamespace: true");
    }
    if (ofPod != null && !ofPod.getSysctls().isEmpty()) {
      return Optional.of("securityContext.sysctls");
    }
    if (own == null) {
      return Optional.empty();
    }
    if (Boolean.TRUE.equals(own.getPrivileged())) {
      return Optional.of("securityContext.privileged: true");
    }
    if (own.getCapabilities() != null && !own.getCapabilities().getAdd().isEmpty()) {
      return Optional.of(
          "securityContext.capabilities.add: " + String.join(", ", own.getCapabilities().getAdd()));
    }
    return "Unmasked".equals(own.getProcMount())
        ? Optional.of("securityContext.procMount: Unmasked")
        : Optional.empty();
  }
}
