package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerConfig;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerMetadata;
import io.hubspoke.kubelet.runtime.cri.v1.Image;
import io.hubspoke.kubelet.runtime.cri.v1.ImageSpec;
import io.hubspoke.kubelet.runtime.cri.v1.KeyValue;
import io.hubspoke.kubelet.runtime.cri.v1.LinuxContainerConfig;
import io.hubspoke.kubelet.runtime.cri.v1.Mount;
import io.hubspoke.kubelet.runtime.cri.v1.MountPropagation;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Describes one start of a container as CRI does. */
final class ContainerConfigs {
  private final KubernetesLabels labels;
  private final SecurityContexts security;
  private final LinuxResources resources;

  ContainerConfigs(KubernetesLabels labels, SecurityContexts security, LinuxResources resources) {
    this.labels = labels;
    this.security = security;
    this.resources = resources;
  }

  /** Looks whether there is one; see {@link SecurityContexts#container}. */
  void check(Pod pod, Container spec, Image image) {
    var unused = security.container(pod, spec, image);
  }

  /**
   * Returns the description.
   *
   * @param logDirectory of the pod's sandbox; the log file has to be in it
   * @param more to mount beside the volumes
   */
  ContainerConfig of(
      ContainerRuntime.ContainerConfig config,
      Image image,
      Path logDirectory,
      List<ContainerRuntime.Mount> more) {
    Container spec = config.spec();
    var cri =
        ContainerConfig.newBuilder()
            .setMetadata(
                ContainerMetadata.newBuilder().setName(config.name()).setAttempt(config.attempt()))
            .setImage(
                ImageSpec.newBuilder()
                    .setImage(image.getId())
                    .setUserSpecifiedImage(config.image()))
            .addAllCommand(config.command())
            .addAllArgs(config.args())
            .putAllLabels(labels.container(config))
            .putAllAnnotations(labels.containerAnnotations(config))
            .setLogPath(
                logDirectory
                    .toAbsolutePath()
                    .relativize(config.logFile().toAbsolutePath())
                    .toString())
            .setStdin(Boolean.TRUE.equals(spec.getStdin()))
            .setStdinOnce(Boolean.TRUE.equals(spec.getStdinOnce()))
            .setTty(Boolean.TRUE.equals(spec.getTty()))
            .setLinux(
                LinuxContainerConfig.newBuilder()
                    .setResources(resources.of(config.pod(), spec))
                    .setSecurityContext(security.container(config.pod(), spec, image)));
    if (spec.getWorkingDir() != null) {
      cri.setWorkingDir(spec.getWorkingDir());
    }
    config
        .env()
        .forEach((key, value) -> cri.addEnvs(KeyValue.newBuilder().setKey(key).setValue(value)));
    Stream.concat(config.mounts().stream(), more.stream())
        .forEach(mount -> cri.addMounts(mount(spec, mount)));
    return cri.build();
  }

  private static Mount mount(Container spec, ContainerRuntime.Mount mount) {
    return Mount.newBuilder()
        .setHostPath(mount.hostPath().toAbsolutePath().toString())
        .setContainerPath(mount.containerPath())
        .setReadonly(mount.readOnly())
        .setPropagation(propagation(spec, mount.containerPath()))
        .build();
  }

  private static MountPropagation propagation(Container spec, String path) {
    String asked =
        spec.getVolumeMounts().stream()
            .filter(volume -> volume.getMountPath().equals(path))
            .map(VolumeMount::getMountPropagation)
            .filter(java.util.Objects::nonNull)
            .findFirst()
            .orElse("None");
    return switch (asked) {
      case "HostToContainer" -> MountPropagation.PROPAGATION_HOST_TO_CONTAINER;
      case "Bidirectional" -> MountPropagation.PROPAGATION_BIDIRECTIONAL;
      default -> MountPropagation.PROPAGATION_PRIVATE;
    };
  }
}
