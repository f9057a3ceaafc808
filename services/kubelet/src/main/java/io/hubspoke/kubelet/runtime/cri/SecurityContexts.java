package io.hubspoke.kubelet.runtime.cri;

import static io.hubspoke.kubelet.runtime.cri.v1.SecurityProfile.ProfileType;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.SELinuxOptions;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ConfigException;
import io.hubspoke.kubelet.runtime.cri.v1.Capability;
import io.hubspoke.kubelet.runtime.cri.v1.Image;
import io.hubspoke.kubelet.runtime.cri.v1.Int64Value;
import io.hubspoke.kubelet.runtime.cri.v1.LinuxContainerSecurityContext;
import io.hubspoke.kubelet.runtime.cri.v1.LinuxSandboxSecurityContext;
import io.hubspoke.kubelet.runtime.cri.v1.NamespaceMode;
import io.hubspoke.kubelet.runtime.cri.v1.NamespaceOption;
import io.hubspoke.kubelet.runtime.cri.v1.SELinuxOption;
import io.hubspoke.kubelet.runtime.cri.v1.SecurityProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Says whom and what containers may be: what their pods ask for, as CRI puts it. */
final class SecurityContexts {
  /** What a container isn't shown of the kernel unless {@code procMount} is Unmasked. */
  private static final List<String> MASKED =
      List.of(
          "/proc/asound",
          "/proc/acpi",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/sys/firmware",
          "/sys/devices/virtual/powercap");

  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private final Path seccompRoot;

  SecurityContexts(Path rootDir) {
    this.seccompRoot = rootDir.resolve("seccomp");
  }

  LinuxSandboxSecurityContext sandbox(Pod pod) {
    PodSecurityContext of = of(pod);
    var context =
        LinuxSandboxSecurityContext.newBuilder()
            .setNamespaceOptions(namespaces(pod))
            .addAllSupplementalGroups(groups(pod))
            // The pause process has no need of more, whatever the containers get.
            .setSeccomp(profile(ProfileType.RuntimeDefault, ""))
            .setPrivileged(anyPrivileged(pod));
    if (of.getRunAsUser() != null) {
      context.setRunAsUser(value(of.getRunAsUser()));
    }
    if (of.getRunAsGroup() != null && of.getRunAsUser() != null) {
      context.setRunAsGroup(value(of.getRunAsGroup()));
    }
    if (of.getSeLinuxOptions() != null) {
      context.setSelinuxOptions(seLinux(of.getSeLinuxOptions()));
    }
    return context.build();
  }

  /**
   * Returns the context of a container.
   *
   * @throws ConfigException when it would be root and must not
   * @param image who it runs as when nothing else is said
   */
  LinuxContainerSecurityContext container(Pod pod, Container container, Image image) {
    PodSecurityContext shared = of(pod);
    SecurityContext own =
        container.getSecurityContext() == null
            ? new SecurityContextBuilder().build()
            : container.getSecurityContext();
    boolean privileged = Boolean.TRUE.equals(own.getPrivileged());
    var context =
        LinuxContainerSecurityContext.newBuilder()
            .setNamespaceOptions(namespaces(pod))
            .addAllSupplementalGroups(groups(pod))
            .setPrivileged(privileged)
            .setReadonlyRootfs(Boolean.TRUE.equals(own.getReadOnlyRootFilesystem()))
            .setNoNewPrivs(Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()))
            .setSeccomp(seccomp(shared, own, privileged));
    if (!"Unmasked".equals(own.getProcMount())) {
      context.addAllMaskedPaths(MASKED).addAllReadonlyPaths(READ_ONLY);
    }
    user(pod, container, shared, own, image, context);
    SELinuxOptions seLinux = or(own.getSeLinuxOptions(), shared.getSeLinuxOptions());
    if (seLinux != null) {
      context.setSelinuxOptions(seLinux(seLinux));
    }
    if (own.getCapabilities() != null) {
      context.setCapabilities(
          Capability.newBuilder()
              .addAllAddCapabilities(own.getCapabilities().getAdd())
              .addAllDropCapabilities(own.getCapabilities().getDrop()));
    }
    var appArmor = or(own.getAppArmorProfile(), shared.getAppArmorProfile());
    if (appArmor != null) {
      context.setApparmor(
          profile(type(appArmor.getType()), orEmpty(appArmor.getLocalhostProfile())));
    }
    return context.build();
  }

  private static void user(
      Pod pod,
      Container container,
      PodSecurityContext shared,
      SecurityContext own,
      Image image,
      LinuxContainerSecurityContext.Builder context) {
    Long user = or(own.getRunAsUser(), shared.getRunAsUser());
    boolean nonRoot = Boolean.TRUE.equals(or(own.getRunAsNonRoot(), shared.getRunAsNonRoot()));
    String where =
        " (pod: \""
            + pod.getMetadata().getName()
            + "_"
            + pod.getMetadata().getNamespace()
            + "("
            + pod.getMetadata().getUid()
            + ")\", container: "
            + container.getName()
            + ")";
    if (user != null) {
      if (nonRoot && user == 0) {
        throw new ConfigException("container's runAsUser breaks non-root policy" + where);
      }
      context.setRunAsUser(value(user));
    } else if (image.hasUid()) {
      if (nonRoot && image.getUid().getValue() == 0) {
        throw new ConfigException("container has runAsNonRoot and image will run as root" + where);
      }
      context.setRunAsUser(image.getUid());
    } else {
      if (nonRoot && !image.getUsername().isEmpty()) {
        throw new ConfigException(
            "container has runAsNonRoot and image has non-numeric user ("
                + image.getUsername()
                + "), cannot verify user is non-root"
                + where);
      }
      context.setRunAsUsername(image.getUsername());
    }
    Long group = or(own.getRunAsGroup(), shared.getRunAsGroup());
    if (group != null) {
      context.setRunAsGroup(value(group));
    }
  }

  private static NamespaceOption namespaces(Pod pod) {
    var spec = pod.getSpec();
    return NamespaceOption.newBuilder()
        .setNetwork(node(spec.getHostNetwork()) ? NamespaceMode.NODE : NamespaceMode.POD)
        .setIpc(node(spec.getHostIPC()) ? NamespaceMode.NODE : NamespaceMode.POD)
        .setPid(
            node(spec.getHostPID())
                ? NamespaceMode.NODE
                : Boolean.TRUE.equals(spec.getShareProcessNamespace())
                    ? NamespaceMode.POD
                    : NamespaceMode.CONTAINER)
        .build();
  }

  private static boolean node(Boolean host) {
    return Boolean.TRUE.equals(host);
  }

  private static List<Long> groups(Pod pod) {
    PodSecurityContext of = of(pod);
    List<Long> groups = new ArrayList<>();
    if (of.getFsGroup() != null) {
      groups.add(of.getFsGroup());
    }
    groups.addAll(of.getSupplementalGroups());
    return groups;
  }

  private static boolean anyPrivileged(Pod pod) {
    return java.util.stream.Stream.concat(
            pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
        .map(Container::getSecurityContext)
        .anyMatch(context -> context != null && Boolean.TRUE.equals(context.getPrivileged()));
  }

  /**
   * Returns the profile of system calls; Unconfined unless asked for, as by {@code
   * --seccomp-default=false}.
   */
  private SecurityProfile seccomp(
      PodSecurityContext shared, SecurityContext own, boolean privileged) {
    var given = or(own.getSeccompProfile(), shared.getSeccompProfile());
    if (given == null || privileged) {
      return profile(ProfileType.Unconfined, "");
    }
    ProfileType type = type(given.getType());
    return profile(
        type,
        type == ProfileType.Localhost
            ? seccompRoot.resolve(orEmpty(given.getLocalhostProfile())).toString()
            : "");
  }

  private static ProfileType type(String text) {
    return switch (text) {
      case "Localhost" -> ProfileType.Localhost;
      case "RuntimeDefault" -> ProfileType.RuntimeDefault;
      default -> ProfileType.Unconfined;
    };
  }

  private static SecurityProfile profile(ProfileType type, String path) {
    return SecurityProfile.newBuilder().setProfileType(type).setLocalhostRef(path).build();
  }

  private static SELinuxOption seLinux(SELinuxOptions options) {
    return SELinuxOption.newBuilder()
        .setUser(orEmpty(options.getUser()))
        .setRole(orEmpty(options.getRole()))
        .setType(orEmpty(options.getType()))
        .setLevel(orEmpty(options.getLevel()))
        .build();
  }

  private static PodSecurityContext of(Pod pod) {
    PodSecurityContext given = pod.getSpec().getSecurityContext();
    return given == null ? new PodSecurityContextBuilder().build() : given;
  }

  private static Int64Value value(long number) {
    return Int64Value.newBuilder().setValue(number).build();
  }

  private static <T> T or(T own, T shared) {
    return own == null ? shared : own;
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
