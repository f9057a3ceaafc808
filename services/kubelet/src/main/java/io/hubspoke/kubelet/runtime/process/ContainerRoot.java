package io.hubspoke.kubelet.runtime.process;

import static io.hubspoke.kubelet.runtime.process.MountStep.MS_NODEV;
import static io.hubspoke.kubelet.runtime.process.MountStep.MS_NOEXEC;
import static io.hubspoke.kubelet.runtime.process.MountStep.MS_NOSUID;
import static io.hubspoke.kubelet.runtime.process.MountStep.MS_RDONLY;

import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The root file system of a container and what is mounted in it. Nothing of the machine is in it
 * but what is named here: neither the kubelet's files nor anybody's keys. Device files work nowhere
 * but for those given here: nothing else stands between a container that makes some and the
 * machine's disks.
 *
 * @param directory where it is
 * @param overlay options of an overlay to mount there, or null for a plain folder
 * @param steps in their order
 * @param readOnly whether the root itself can't be written to
 */
record ContainerRoot(Path directory, String overlay, List<MountStep> steps, boolean readOnly) {
  /** Where the commands of an image go that has no root of its own. */
  static final String BIN = "/opt/bin";

  private static final List<String> PROGRAMS =
      List.of("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32");

  /** Of /etc, what programs need to run; private keys are beside some of it. */
  private static final List<String> ETC =
      List.of(
          "alternatives",
          "ca-certificates.conf",
          "group",
          "ld.so.cache",
          "ld.so.conf",
          "ld.so.conf.d",
          "localtime",
          "nsswitch.conf",
          "os-release",
          "passwd",
          "protocols",
          "services",
          "ssl/certs",
          "ssl/openssl.cnf",
          "terminfo");

  private static final List<String> DEVICES =
      List.of("null", "zero", "full", "random", "urandom", "tty");

  /**
   * Lays a root out.
   *
   * @param home the container's own folder, which is empty
   * @param files by path in the container, contents of files that every pod has, such as {@code
   *     /etc/hosts}
   */
  static ContainerRoot layOut(
      Path home,
      Image image,
      List<Mount> mounts,
      Map<String, String> files,
      boolean readOnly,
      Path hidden)
      throws IOException {
    Path root = Files.createDirectories(home.resolve("rootfs"));
    Path own = root;
    String overlay = null;
    List<MountStep> steps = new ArrayList<>();
    if (image.rootfs() == null) {
      machine(image, steps, hidden);
    } else {
      own = Files.createDirectories(home.resolve("upper"));
      Path work = Files.createDirectories(home.resolve("work"));
      overlay =
          "lowerdir="
              + escaped(image.rootfs())
              + ",upperdir="
              + escaped(own)
              + ",workdir="
              + escaped(work);
    }
    Files.setAttribute(own, "unix:mode", 0755);
    for (Map.Entry<String, Integer> folder :
        Map.of("tmp", 01777, "root", 0700, "run", 0755, "var", 0755, "etc", 0755).entrySet()) {
      if (image.rootfs() == null
          || !Files.exists(image.rootfs().resolve(folder.getKey()), LinkOption.NOFOLLOW_LINKS)) {
        Path path = Files.createDirectories(own.resolve(folder.getKey()));
        Files.setAttribute(path, "unix:mode", folder.getValue());
      }
    }
    kernel(steps);
    int number = 0;
    for (Map.Entry<String, String> file : files.entrySet()) {
      if (mounts.stream().noneMatch(mount -> mount.containerPath().equals(file.getKey()))) {
        Path path = home.resolve("file-" + number++);
        Files.writeString(path, file.getValue());
        Files.setAttribute(path, "unix:mode", 0644);
        steps.add(new MountStep.Bind(path.toString(), file.getKey(), false, MS_NODEV));
      }
    }
    mounts.stream()
        .sorted(Comparator.comparing(Mount::containerPath))
        .forEach(
            mount ->
                steps.add(
                    MountStep.Bind.ofRealPath(
                        mount.hostPath().toString(),
                        mount.containerPath(),
                        Files.isDirectory(mount.hostPath()),
                        MS_NODEV | (mount.readOnly() ? MS_RDONLY : 0))));
    return new ContainerRoot(root, overlay, List.copyOf(steps), readOnly);
  }

  private static void machine(Image image, List<MountStep> steps, Path hidden) throws IOException {
    for (String path : PROGRAMS) {
      Path source = Path.of(path);
      if (Files.isSymbolicLink(source)) {
        steps.add(new MountStep.Link(Files.readSymbolicLink(source).toString(), path));
      } else if (Files.isDirectory(source)) {
        steps.add(new MountStep.Bind(path, path, true, MS_RDONLY | MS_NODEV));
        if (hidden.startsWith(source)) {
          steps.add(
              new MountStep.Special("tmpfs", hidden.toString(), MS_RDONLY | MS_NODEV, "size=4k"));
        }
      }
    }
    for (String name : ETC) {
      Path source = Path.of("/etc", name);
      if (Files.exists(source)) {
        steps.add(
            new MountStep.Bind(
                source.toString(),
                source.toString(),
                Files.isDirectory(source),
                MS_RDONLY | MS_NOSUID | MS_NODEV));
      }
    }
    if (image.bin() != null) {
      steps.add(
          new MountStep.Bind(image.bin().toString(), BIN, true, MS_RDONLY | MS_NOSUID | MS_NODEV));
    }
  }

  /** What container runtimes mount into every container, after the OCI runtime specification. */
  private static void kernel(List<MountStep> steps) {
    steps.add(new MountStep.Folder("/proc"));
    steps.add(
        new MountStep.Special("sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, null));
    for (String masked : List.of("/sys/firmware", "/sys/devices/virtual/powercap")) {
      if (Files.isDirectory(Path.of(masked))) {
        steps.add(new MountStep.Special("tmpfs", masked, MS_RDONLY | MS_NODEV, "size=4k"));
      }
    }
    steps.add(new MountStep.Special("tmpfs", "/dev", MS_NOSUID | MS_NODEV, "mode=755,size=65536k"));
    for (String device : DEVICES) {
      steps.add(new MountStep.Bind("/dev/" + device, "/dev/" + device, false, 0));
    }
    steps.add(
        new MountStep.Special(
            "devpts",
            "/dev/pts",
            MS_NOSUID | MS_NOEXEC,
            "newinstance,ptmxmode=0666,mode=0620,gid=5"));
    steps.add(
        new MountStep.Special(
            "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k"));
    steps.add(new MountStep.Link("pts/ptmx", "/dev/ptmx"));
    steps.add(new MountStep.Link("/proc/self/fd", "/dev/fd"));
    steps.add(new MountStep.Link("/proc/self/fd/0", "/dev/stdin"));
    steps.add(new MountStep.Link("/proc/self/fd/1", "/dev/stdout"));
    steps.add(new MountStep.Link("/proc/self/fd/2", "/dev/stderr"));
  }

  private static String escaped(Path path) {
    return path.toString().replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,");
  }
}
