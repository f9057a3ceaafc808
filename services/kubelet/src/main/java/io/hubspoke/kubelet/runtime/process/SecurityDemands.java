package io.hubspoke.kubelet.runtime.process;

import io.fabric8.kubernetes.api.model.AppArmorProfile;
import io.fabric8.kubernetes.api.model.Capabilities;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.SeccompProfile;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a pod's security contexts ask of a container, and whether it can have it here. Nothing is
 * passed over: a container that asks for a restriction it can't have does not start.
 */
final class SecurityDemands {
  private static final List<String> CAPABILITIES =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "KILL",
          "SETGID",
          "SETUID",
          "SETPCAP",
          "LINUX_IMMUTABLE",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_ADMIN",
          "NET_RAW",
          "IPC_LOCK",
          "IPC_OWNER",
          "SYS_MODULE",
          "SYS_RAWIO",
          "SYS_CHROOT",
          "SYS_PTRACE",
          "SYS_PACCT",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_NICE",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "MKNOD",
          "LEASE",
          "AUDIT_WRITE",
          "AUDIT_CONTROL",
          "SETFCAP",
          "MAC_OVERRIDE",
          "MAC_ADMIN",
          "SYSLOG",
          "WAKE_ALARM",
          "BLOCK_SUSPEND",
          "AUDIT_READ",
          "PERFMON",
          "BPF",
          "CHECKPOINT_RESTORE");

  /** What containers have by default everywhere. */
  private static final List<String> DEFAULT =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "FSETID",
          "FOWNER",
          "MKNOD",
          "NET_RAW",
          "SETGID",
          "SETUID",
          "SETFCAP",
          "SETPCAP",
          "NET_BIND_SERVICE",
          "SYS_CHROOT",
          "KILL",
          "AUDIT_WRITE");

  private SecurityDemands() {}

  /**
   * Returns as whom a container runs.
   *
   * @param namespaced whether it has a root of its own
   * @throws StartException naming what it can't have
   */
  static Credentials credentials(Pod pod, Container container, Image image, boolean namespaced) {
    PodSecurityContext ofPod =
        pod.getSpec().getSecurityContext() == null
            ? new PodSecurityContext()
            : pod.getSpec().getSecurityContext();
    SecurityContext own =
        container.getSecurityContext() == null
            ? new SecurityContext()
            : container.getSecurityContext();
    checkPod(pod, ofPod);
    checkContainer(own, namespaced);
    int self = (int) Libc.tryCall(Libc.GETEUID);
    int selfGroup = (int) Libc.tryCall(Libc.GETEGID);
    Long askedUser = own.getRunAsUser() != null ? own.getRunAsUser() : ofPod.getRunAsUser();
    Long askedGroup = own.getRunAsGroup() != null ? own.getRunAsGroup() : ofPod.getRunAsGroup();
    int user = askedUser != null ? askedUser.intValue() : image.user() >= 0 ? image.user() : self;
    int group = askedGroup != null ? askedGroup.intValue() : user == self ? selfGroup : 0;
    List<Integer> groups = new ArrayList<>();
    groups.add(group);
    ofPod.getSupplementalGroups().forEach(g -> groups.add(g.intValue()));
    if (ofPod.getFsGroup() != null) {
      groups.add(ofPod.getFsGroup().intValue());
    }
    Boolean nonRoot =
        own.getRunAsNonRoot() != null ? own.getRunAsNonRoot() : ofPod.getRunAsNonRoot();
    if (Boolean.TRUE.equals(nonRoot) && user == 0) {
      throw new StartException(
          "container has runAsNonRoot and image will run as root (pod: \"%s_%s(%s)\", container: %s)"
              .formatted(
                  pod.getMetadata().getName(),
                  pod.getMetadata().getNamespace(),
                  pod.getMetadata().getUid(),
                  container.getName()));
    }
    if (self != 0 && (user != self || group != selfGroup || groups.size() > 1)) {
      throw unsupported(
          "another user or group than the kubelet's (" + self + ":" + selfGroup + ")",
          "the kubelet is not root");
    }
    return new Credentials(
        user,
        group,
        groups,
        capabilities(own.getCapabilities()),
        Boolean.FALSE.equals(own.getAllowPrivilegeEscalation()));
  }

  private static void checkPod(Pod pod, PodSecurityContext context) {
    var spec = pod.getSpec();
    refuseIf(Boolean.TRUE.equals(spec.getHostPID()), "hostPID");
    refuseIf(Boolean.TRUE.equals(spec.getHostIPC()), "hostIPC");
    refuseIf(Boolean.TRUE.equals(spec.getShareProcessNamespace()), "shareProcessNamespace");
    refuseIf(Boolean.FALSE.equals(spec.getHostUsers()), "hostUsers: false");
    refuseIf(!context.getSysctls().isEmpty(), "securityContext.sysctls");
    refuseIf(context.getSeLinuxOptions() != null, "seLinuxOptions");
    checkProfiles(context.getSeccompProfile(), context.getAppArmorProfile());
  }

  private static void checkContainer(SecurityContext context, boolean namespaced) {
    refuseIf(Boolean.TRUE.equals(context.getPrivileged()), "privileged");
    refuseIf(context.getSeLinuxOptions() != null, "seLinuxOptions");
    refuseIf(
        context.getProcMount() != null && !"Default".equals(context.getProcMount()), "procMount");
    checkProfiles(context.getSeccompProfile(), context.getAppArmorProfile());
    if (!namespaced && Boolean.TRUE.equals(context.getReadOnlyRootFilesystem())) {
      throw unsupported("readOnlyRootFilesystem", "its containers have no root of their own");
    }
  }

  private static void checkProfiles(SeccompProfile seccomp, AppArmorProfile appArmor) {
    refuseIf(seccomp != null && !"Unconfined".equals(seccomp.getType()), "seccompProfile");
    refuseIf(appArmor != null && !"Unconfined".equals(appArmor.getType()), "appArmorProfile");
  }

  private static long capabilities(Capabilities asked) {
    long bits = 0;
    List<String> dropped = asked == null ? List.of() : asked.getDrop();
    List<String> added = asked == null ? List.of() : asked.getAdd();
    if (dropped.stream().noneMatch(name -> name.equalsIgnoreCase("ALL"))) {
      for (String name : DEFAULT) {
        bits |= bit(name);
      }
    }
    for (String name : added) {
      bits |= name.equalsIgnoreCase("ALL") ? -1 : bit(name);
    }
    for (String name : dropped) {
      bits &= name.equalsIgnoreCase("ALL") ? -1 : ~bit(name);
    }
    return bits;
  }

  private static long bit(String name) {
    String plain = name.toUpperCase(Locale.ROOT);
    int index = CAPABILITIES.indexOf(plain.startsWith("CAP_") ? plain.substring(4) : plain);
    if (index < 0) {
      throw new StartException("unknown capability \"" + name + "\"");
    }
    return 1L << index;
  }

  private static void refuseIf(boolean asked, String what) {
    if (asked) {
      throw new StartException(what + " is not supported by the process runtime");
    }
  }

  private static StartException unsupported(String what, String why) {
    return new StartException(what + " is not supported by the process runtime here: " + why);
  }
}
