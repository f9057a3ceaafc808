package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The cable between a pod's network and the machine: a pair of virtual Ethernet interfaces, as many
 * CNI plugins lay it. The pod reaches the machine and the other pods behind such cables and nothing
 * else: it has no default route, and nothing of the machine's own set-up is changed.
 */
final class PodLink {
  /** What names of the machine's ends begin with. */
  static final String PREFIX = "hs";

  private static final List<String> PLACES =
      List.of("/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip");

  private PodLink() {}

  /** Returns the machine's program {@code ip}. */
  static Optional<String> tool() {
    return PLACES.stream().filter(path -> Files.isExecutable(Path.of(path))).findFirst();
  }

  /**
   * Lays it, waiting; leaves nothing behind when that fails, since all of it goes with the pod's
   * namespace.
   *
   * @param name of the machine's end
   * @param address the pod's
   * @param gateway the machine's address on it
   * @param range all pods' addresses
   */
  static void lay(
      SandboxNamespaces namespaces, String name, String address, String gateway, String range)
      throws ErrnoException {
    String ip = tool().orElseThrow(() -> new StartException("the program ip is missing"));
    // Into our own network, named by a path that the program can open.
    String machine = "/proc/" + ProcessHandle.current().pid() + "/ns/net";
    String pod =
        """
        link set lo up
        link add eth0 type veth peer name %1$s netns %2$s
        address add %3$s peer %4$s dev eth0
        link set eth0 up
        route add %5$s via %4$s src %3$s
        """
            .formatted(name, machine, address, gateway, range);
    var unused =
        Throwaway.call(
            "pod-link",
            () -> {
              namespaces.enterNetwork();
              Tool.run(List.of(ip, "-batch", "-"), pod);
              return null;
            });
    Tool.run(
        List.of(ip, "-batch", "-"),
        """
        address add %1$s peer %2$s dev %3$s
        link set %3$s up
        """
            .formatted(gateway, address, name));
    // Pods of this machine reach one another; only what comes in by this interface is passed on.
    forward(name);
  }

  /** Takes the machine's end away; the pod's goes with it. */
  static void remove(String name) throws ErrnoException {
    String ip = tool().orElseThrow(() -> new StartException("the program ip is missing"));
    Tool.run(List.of(ip, "link", "delete", name), "");
  }

  private static void forward(String name) {
    try {
      Files.writeString(Path.of("/proc/sys/net/ipv4/conf/" + name + "/forwarding"), "1");
    } catch (IOException e) {
      // A read-only /proc/sys: pods reach the machine, but one another only where it forwards.
      return;
    }
  }
}
