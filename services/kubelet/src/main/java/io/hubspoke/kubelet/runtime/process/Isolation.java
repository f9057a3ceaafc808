package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.runtime.DirectoryTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Which namespaces this machine gives to containers.
 *
 * @param containers whether each has PID, mount, UTS and IPC namespaces and a root of its own
 * @param network whether each pod has a network of its own
 * @param reason why not all of it; empty when there is all
 * @param mountTool the machine's program {@code mount}
 */
record Isolation(boolean containers, boolean network, String reason, Path mountTool) {
  private static final List<Path> MOUNT_PLACES =
      List.of(Path.of("/usr/bin/mount"), Path.of("/bin/mount"), Path.of("/usr/sbin/mount"));

  /**
   * Tries it out, waiting: what a container is started with is the only sure test, whatever user,
   * system and permissions there are.
   *
   * @param scratch an own folder for that
   */
  static Isolation probe(Path scratch) {
    if (!Libc.LINUX) {
      return none("namespaces are Linux's");
    }
    if (Libc.tryCall(Libc.GETEUID) != 0) {
      return none("the kubelet is not root");
    }
    Optional<Path> mount = MOUNT_PLACES.stream().filter(Files::isExecutable).findFirst();
    if (mount.isEmpty()) {
      return none("the program mount is missing");
    }
    SandboxNamespaces namespaces = SandboxNamespaces.HOST;
    try {
      namespaces = SandboxNamespaces.make("probe", false);
      int code = start(scratch, namespaces, mount.get());
      if (code != 0) {
        return none("a process in namespaces ended with " + code);
      }
    } catch (ErrnoException | IOException | StartException e) {
      return none(e.getMessage());
    } finally {
      namespaces.close();
    }
    String missing = missingNetwork();
    return new Isolation(
        true,
        missing.isEmpty(),
        missing.isEmpty() ? "" : "pods share the machine's network: " + missing,
        mount.get());
  }

  private static Isolation none(String reason) {
    return new Isolation(false, false, "containers have no namespaces: " + reason, null);
  }

  private static int start(Path scratch, SandboxNamespaces namespaces, Path mountTool)
      throws ErrnoException, IOException {
    Image image = new Image("probe", null, null, List.of(), List.of(), Map.of(), "/", 0);
    Path home = Files.createDirectories(scratch);
    try {
      ContainerRoot root =
          ContainerRoot.layOut(home, image, List.of(), Map.of(), false, Path.of("/nowhere"));
      int nothing = Fds.open("/dev/null", Libc.O_RDWR);
      try {
        int pid =
            new NamespacedStart(
                    home,
                    root,
                    namespaces,
                    new Credentials(0, 0, List.of(), 0, true),
                    new NamespacedStart.ProgramSpec(
                        List.of("true"),
                        List.of(),
                        "/usr/bin:/bin",
                        "/",
                        nothing,
                        nothing,
                        nothing,
                        false),
                    mountTool)
                .run(known -> {});
        return Tool.waitFor(pid);
      } finally {
        Fds.close(nothing);
      }
    } finally {
      DirectoryTree.delete(home);
    }
  }

  private static String missingNetwork() {
    if (PodLink.tool().isEmpty()) {
      return "the program ip is missing";
    }
    try {
      SandboxNamespaces trial = SandboxNamespaces.make("probe", true);
      // Other kubelets of this machine may try at the same time.
      int number = ThreadLocalRandom.current().nextInt(1, 1 << 24);
      String name = PodLink.PREFIX + "p" + Integer.toHexString(number);
      String range = "198.18." + number % 256 + ".";
      try {
        PodLink.lay(trial, name, range + "2", range + "1", range + "0/24");
        PodLink.remove(name);
      } finally {
        trial.close();
      }
      return "";
    } catch (ErrnoException | StartException e) {
      return e.getMessage();
    }
  }
}
