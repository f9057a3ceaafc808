package io.hubspoke.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A network of its own on this machine, as {@code ip netns} makes them: addresses, routes and
 * packet filter of others don't matter to it. Needs Linux, root's rights and iproute2. Methods
 * block.
 */
@SuppressWarnings("restricted")
public final class NetworkNamespace implements Closeable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final Path NAMES = Path.of("/run/netns");

  private final String name;

  private NetworkNamespace(String name) {
    this.name = name;
  }

  /** Returns in one line why none can be made here, empty when they can. */
  public static Optional<String> hindrance() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return Optional.of("network namespaces are Linux' own");
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.of("network namespaces need root's rights");
    }
    return missing("ip", "iproute2");
  }

  /** Returns in one line that a command is missing, empty when it is there. */
  public static Optional<String> missing(String command, String debianPackage) {
    return Programs.find(command).isPresent()
        ? Optional.empty()
        : Optional.of(
            "%s is missing (Debian: apt-get install %s)".formatted(command, debianPackage));
  }

  /** Returns whether this process is in one that {@code ip netns} knows, not in the machine's. */
  public static boolean isOwn() {
    if (!Files.isDirectory(NAMES)) {
      return false;
    }
    try (var names = Files.newDirectoryStream(NAMES)) {
      var own = key(Path.of("/proc/self/ns/net"));
      for (var name : names) {
        if (own.equals(key(name))) {
          return true;
        }
      }
      return false;
    } catch (IOException notToBeSeen) {
      return false;
    }
  }

  private static Object key(Path namespace) throws IOException {
    return Files.readAttributes(namespace, BasicFileAttributes.class).fileKey();
  }

  /** Makes one where only loopback is up, with a name that begins so and that no other has. */
  public static NetworkNamespace make(String what) throws IOException {
    return create("hs-%08x-%s".formatted(ThreadLocalRandom.current().nextInt(), what));
  }

  /** Makes one where only loopback is up, with this name. */
  public static NetworkNamespace create(String name) throws IOException {
    run(List.of("ip", "netns", "add", name));
    var made = new NetworkNamespace(name);
    try {
      made.ip("link", "set", "lo", "up");
    } catch (IOException e) {
      made.close();
      throw e;
    }
    return made;
  }

  /** Returns those that are there whose names begin so. */
  public static List<NetworkNamespace> named(String prefix) throws IOException {
    var found = new ArrayList<NetworkNamespace>();
    if (Files.isDirectory(NAMES)) {
      try (var names = Files.newDirectoryStream(NAMES, prefix + "*")) {
        names.forEach(name -> found.add(new NetworkNamespace(name.getFileName().toString())));
      }
    }
    return found;
  }

  /** Returns whether it is there by its name. */
  public boolean exists() {
    return Files.exists(NAMES.resolve(name));
  }

  /** Returns the processes that run inside. */
  public List<ProcessHandle> processes() throws IOException {
    return run(List.of("ip", "netns", "pids", name))
        .lines()
        .map(pid -> ProcessHandle.of(Long.parseLong(pid.strip())))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Runs {@code ip} on it, with a line of arguments each. */
  public void batch(List<String> lines) throws IOException {
    batch(List.of("ip", "-n", name, "-batch", "-"), lines);
  }

  /** Runs {@code ip} where this process is, with a line of arguments each. */
  public static void batchHere(List<String> lines) throws IOException {
    batch(List.of("ip", "-batch", "-"), lines);
  }

  private static void batch(List<String> command, List<String> lines) throws IOException {
    run(command, String.join("\n", lines) + "\n");
  }

  /** Sets a kernel parameter that is each network's own, such as {@code net.ipv4.ip_forward}. */
  public void sysctl(String parameter, String value) throws Exception {
    call(() -> Files.writeString(Path.of("/proc/sys", parameter.split("\\.", -1)), value));
  }

  /** Has the packet filter inside do as this ruleset says. */
  public void filter(String ruleset) throws IOException {
    var command = new ArrayList<>(prefix());
    command.addAll(List.of("nft", "-f", "-"));
    run(command, ruleset);
  }

  /** Returns what runs a command inside, to be followed by the command. */
  public List<String> prefix() {
    return List.of("ip", "netns", "exec", name);
  }

  /** Runs {@code ip} on it. */
  public void ip(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip", "-n", name));
    command.addAll(List.of(arguments));
    run(command);
  }

  /**
   * Joins it with another one, by a cable with an address at each end.
   *
   * @param here its address, with the length of the network's prefix
   * @param there the other's
   */
  public void join(String device, String here, NetworkNamespace other, String as, String there)
      throws IOException {
    ip("link", "add", device, "type", "veth", "peer", "name", as, "netns", other.name);
    ip("address", "add", here, "dev", device);
    ip("link", "set", device, "up");
    other.ip("address", "add", there, "dev", as);
    other.ip("link", "set", as, "up");
  }

  /** Has it pass on what is meant for others. */
  public void forward() throws Exception {
    sysctl("net.ipv4.ip_forward", "1");
  }

  /** Runs a command inside; returns what it says. */
  public String exec(String... command) throws IOException {
    List<String> line = new ArrayList<>(prefix());
    line.addAll(List.of(command));
    return run(line);
  }

  /** Does something inside, with what it opens, and returns the result. */
  public <T> T call(Callable<T> work) throws Exception {
    var task = new FutureTask<>(work);
    thread("in " + name, task).join();
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  /** Starts a thread inside: the sockets that it opens are there, wherever they are used. */
  public Thread thread(String title, Runnable work) {
    return Thread.ofPlatform()
        .daemon()
        .name(title)
        .start(
            () -> {
              enter();
              work.run();
            });
  }

  /** Of a thread's many properties this is the one that the thread may change for itself alone. */
  private void enter() {
    try (var arena = Arena.ofConfined()) {
      int fd =
          (int)
              Libc.OPEN.invokeExact(
                  arena.allocateFrom(NAMES.resolve(name).toString()), 0 /* O_RDONLY */);
      int entered = fd < 0 ? fd : (int) Libc.SETNS.invokeExact(fd, CLONE_NEWNET);
      if (fd >= 0) {
        int closed = (int) Libc.CLOSE.invokeExact(fd);
        assert closed == 0;
      }
      if (entered != 0) {
        throw new IllegalStateException("can't enter the network namespace " + name);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Removes it; what still runs in it keeps it alive, without a name. */
  @Override
  public void close() throws IOException {
    run(List.of("ip", "netns", "delete", name));
  }

  @Override
  public String toString() {
    return name;
  }

  private static String run(List<String> command) throws IOException {
    return run(command, "");
  }

  private static String run(List<String> command, String input) throws IOException {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var to = process.getOutputStream()) {
      to.write(input.getBytes(UTF_8));
    }
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return said;
  }

  /** Linked when the first thread enters a namespace. */
  private static final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    static final MethodHandle OPEN =
        link(
            "open",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    static final MethodHandle SETNS =
        link("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    static final MethodHandle CLOSE = link("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private Libc() {}

    private static MethodHandle link(
        String function, FunctionDescriptor shape, Linker.Option... options) {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(function), shape, options);
    }
  }
}
