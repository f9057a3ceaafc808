package io.hubspoke.testing.containers;

import io.hubspoke.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A containerd of its own in a directory, with a bridge and an address range of its own, so that
 * any number run beside each other and beside the machine's. Needs root.
 */
public final class Containerd {
  /** Where Debian's containernetworking-plugins and others put them. */
  private static final List<Path> CNI_DIRECTORIES =
      List.of(Path.of("/usr/lib/cni"), Path.of("/opt/cni/bin"));

  private final Path directory;
  private final Path cniPlugins;
  private final String bridge;
  private final String subnet;
  private Process process;
  private Path log;

  private Containerd(Path directory) {
    this.directory = directory;
    requireRoot();
    List.of("containerd", "containerd-shim-runc-v2", "runc", "ctr", "busybox")
        .forEach(Containerd::requireCommand);
    this.cniPlugins =
        CNI_DIRECTORIES.stream()
            .filter(plugins -> Files.isExecutable(plugins.resolve("bridge")))
            .findFirst()
            .orElseThrow(() -> missing("the CNI plugins (Debian: containernetworking-plugins)"));
    ThreadLocalRandom random = ThreadLocalRandom.current();
    this.bridge = "hs%08x".formatted(random.nextInt());
    this.subnet = "10." + random.nextInt(192, 255) + "." + random.nextInt(256) + ".0/24";
  }

  /** Starts one with the images of {@link TestImages}; its files are below the directory. */
  public static Containerd start(Path directory) throws Exception {
    Containerd containerd = new Containerd(directory);
    containerd.configure();
    try {
      containerd.restart();
      containerd.ctr("images", "import", TestImages.archive(directory).toString());
    } catch (Exception | AssertionError e) {
      containerd.stop();
      throw e;
    }
    return containerd;
  }

  public Path socket() {
    return directory.resolve("containerd.sock");
  }

  /** Runs {@code ctr} in the namespace of CRI; returns what it says. */
  public String ctr(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("ctr", "-a", socket().toString(), "-n", "k8s.io"));
    command.addAll(List.of(arguments));
    return run(command);
  }

  /** Ends containerd as a crash does; its containers go on. */
  public void kill() throws Exception {
    process.destroyForcibly();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      throw new AssertionError("containerd does not end");
    }
  }

  /** Starts it where it is not running. */
  public void restart() throws Exception {
    log = Files.createTempFile(directory, "containerd", ".log");
    process =
        new ProcessBuilder("containerd", "--config", directory.resolve("config.toml").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    Await.until(
        "containerd runs",
        () -> {
          if (!process.isAlive()) {
            throw new AssertionError("containerd ended: " + log());
          }
          return log().contains("containerd successfully booted");
        });
  }

  private String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return "";
    }
  }

  /** Ends it and all its containers, and removes its files. */
  public void stop() throws Exception {
    if (process != null && process.isAlive()) {
      process.destroy();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
    // Whatever has gone wrong before: what belongs to this directory ends with it.
    ProcessHandle.allProcesses()
        .filter(p -> p.info().arguments().map(this::ours).orElse(false))
        .forEach(ProcessHandle::destroyForcibly);
    for (String mount : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      String at = mount.split(" ", 3)[1];
      if (at.startsWith(directory + "/")) {
        run(List.of("busybox", "umount", "-l", at));
      }
    }
    if (Files.exists(Path.of("/sys/class/net", bridge))) {
      run(List.of("busybox", "ip", "link", "delete", bridge));
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private boolean ours(String[] arguments) {
    return Stream.of(arguments).anyMatch(argument -> argument.equals(socket().toString()));
  }

  private void configure() throws IOException {
    Path networks = Files.createDirectories(directory.resolve("cni"));
    Files.writeString(
        directory.resolve("config.toml"),
        """
        version = 2
        root = "%1$s/root"
        state = "%1$s/state"
        disabled_plugins = [
          "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
          "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
          "io.containerd.snapshotter.v1.zfs"]
        [grpc]
          address = "%1$s/containerd.sock"
        [ttrpc]
          address = "%1$s/containerd.sock.ttrpc"
        [plugins."io.containerd.grpc.v1.cri"]
          # Inside a container, or as somebody else's root, these can't be had.
          restrict_oom_score_adj = true
          disable_apparmor = true
          sandbox_image = "%2$s"
          stream_server_address = "127.0.0.1"
          stream_server_port = "0"
          [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "%3$s"
            conf_dir = "%4$s"
        """
            .formatted(directory, TestImages.PAUSE, cniPlugins, networks),
        StandardOpenOption.CREATE);
    Files.writeString(
        networks.resolve("10-test.conflist"),
        """
        {"cniVersion": "0.4.0", "name": "%1$s", "plugins": [
          {"type": "bridge", "bridge": "%1$s", "isGateway": true,
           "ipam": {"type": "host-local", "dataDir": "%2$s/ipam",
                    "ranges": [[{"subnet": "%3$s"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
          {"type": "portmap", "capabilities": {"portMappings": true}}]}
        """
            .formatted(bridge, directory, subnet));
  }

  static String run(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.strip());
    }
    return said;
  }

  private static void requireRoot() {
    if (!"root".equals(System.getProperty("user.name"))) {
      throw missing("root's rights: containers run by runc");
    }
  }

  private static void requireCommand(String name) {
    boolean found =
        Stream.concat(
                Stream.of(System.getenv("PATH").split(":", -1)), Stream.of("/usr/sbin", "/sbin"))
            .anyMatch(path -> Files.isExecutable(Path.of(path, name)));
    if (!found) {
      throw missing(name + " (Debian: apt-get install containerd runc busybox-static)");
    }
  }

  private static AssertionError missing(String what) {
    return new AssertionError("tests of containerd need what is missing here: " + what);
  }
}
