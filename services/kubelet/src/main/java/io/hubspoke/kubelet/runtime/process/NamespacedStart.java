package io.hubspoke.kubelet.runtime.process;

import static io.hubspoke.kubelet.runtime.process.MountStep.MS_NODEV;
import static io.hubspoke.kubelet.runtime.process.MountStep.MS_NOEXEC;
import static io.hubspoke.kubelet.runtime.process.MountStep.MS_NOSUID;
import static io.hubspoke.kubelet.runtime.process.MountStep.MS_RDONLY;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Starts a process as the first of a PID namespace, in a mount namespace with its own root.
 *
 * <p>A thread makes the namespaces and all mounts but one, then starts the process, which waits in
 * front of its program. The one is {@code /proc}, that only a process of the PID namespace can
 * mount: a second thread has {@code mount} do it, and makes the container's root the root of the
 * mount namespace. Then the process goes on. So what is started is the container's own program,
 * nothing stands between, and why it can't be run is told by the system call itself.
 */
final class NamespacedStart {
  static final long CLONE_FS = 0x200;
  static final long CLONE_NEWNS = 0x20000;
  static final long CLONE_NEWPID = 0x20000000;

  private static final long MS_BIND = 4096;
  private static final long MS_REC = 16384;
  private static final long MS_PRIVATE = 1 << 18;
  private static final long MS_REMOUNT = 32;
  private static final long MNT_DETACH = 2;
  private static final String HOLD = "hold";

  /** What tells of the machine or changes it, after the defaults of container runtimes. */
  private static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats");

  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  static {
    // Whatever the first thread needs while it is in another root is loaded before.
    if (!Executables.isDirectory("/")
        || Executables.refused("", "").getMessage().isEmpty()
        || new Terminal(0, "").master() != 0) {
      throw new AssertionError();
    }
  }

  private final Path home;
  private final ContainerRoot root;
  private final SandboxNamespaces sandbox;
  private final Credentials credentials;
  private final ProgramSpec program;
  private final Path mountTool;
  private volatile int task;
  private volatile Terminal terminal;

  /** What is run, and with what. */
  record ProgramSpec(
      List<String> arguments,
      List<String> environment,
      String path,
      String directory,
      int stdin,
      int stdout,
      int stderr,
      boolean tty) {}

  /**
   * Makes a start.
   *
   * @param home the container's own folder
   * @param mountTool the machine's program {@code mount}
   */
  NamespacedStart(
      Path home,
      ContainerRoot root,
      SandboxNamespaces sandbox,
      Credentials credentials,
      ProgramSpec program,
      Path mountTool) {
    this.home = home;
    this.root = root;
    this.sandbox = sandbox;
    this.credentials = credentials;
    this.program = program;
    this.mountTool = mountTool;
  }

  /** Returns the terminal's master side after the start, where one was asked for. */
  Terminal terminal() {
    return terminal;
  }

  /**
   * Starts it, waiting; returns its process ID.
   *
   * @param known told that ID before the program runs
   */
  int run(IntConsumer known) throws ErrnoException, IOException {
    Path holdFolder = Files.createDirectories(home.resolve("start"));
    Path fifo = holdFolder.resolve(HOLD);
    try (Arena arena = Arena.ofConfined()) {
      Libc.call(Libc.MKFIFO, Libc.string(arena, fifo.toString()), 0444);
    }
    Files.setAttribute(holdFolder, "unix:mode", 0711);
    Files.setAttribute(fifo, "unix:mode", 0444);
    Throwaway<Integer> first = Throwaway.start("container-start", () -> start(holdFolder));
    int pidNamespace = -1;
    try {
      while (pidNamespace < 0 && !first.ended()) {
        pidNamespace = task == 0 ? -1 : tryOpen("/proc/self/task/" + task + "/ns/pid_for_children");
        if (pidNamespace < 0) {
          pause();
        }
      }
      if (pidNamespace >= 0) {
        finish(fifo, pidNamespace, known);
      }
      return first.join();
    } catch (ErrnoException | RuntimeException e) {
      // When it failed after the start the process was ended; it is nobody else's to reap.
      reap(first);
      if (terminal != null) {
        Fds.close(terminal.master());
      }
      throw e;
    } finally {
      Fds.close(pidNamespace);
      Credentials.restoreProcess();
      Files.deleteIfExists(fifo);
      Files.deleteIfExists(holdFolder);
    }
  }

  private static void reap(Throwaway<Integer> first) {
    try {
      int unused = Tool.waitFor(first.join());
    } catch (ErrnoException | RuntimeException e) {
      // It never started.
      return;
    }
  }

  /** On the first thread. */
  private int start(Path holdFolder) throws ErrnoException {
    Libc.call(Libc.UNSHARE, CLONE_FS | CLONE_NEWNS | CLONE_NEWPID);
    sandbox.enter();
    Libc.tryCall(Libc.UMASK, 022);
    String path = directoryText();
    MountStep.mount("none", "/", null, MS_REC | MS_PRIVATE, null);
    if (root.overlay() == null) {
      MountStep.mount(path, path, null, MS_BIND, null);
      MountStep.Bind.setAttributes(-100, path, 0, MS_NODEV);
    } else {
      MountStep.mount("overlay", path, "overlay", MS_NODEV, root.overlay());
    }
    for (MountStep step : root.steps()) {
      step.prepare();
    }
    int machine = Fds.open("/", Libc.O_RDONLY | Libc.O_DIRECTORY);
    int holding = Fds.open(holdFolder.toString(), Libc.O_RDONLY | Libc.O_DIRECTORY);
    String file;
    try (Arena arena = Arena.ofConfined()) {
      Libc.call(Libc.CHROOT, Libc.string(arena, path));
      Libc.call(Libc.CHDIR, Libc.string(arena, "/"));
      for (MountStep step : root.steps()) {
        step.apply();
      }
      MountStep.makeDirectories(program.directory);
      if (root.readOnly()) {
        MountStep.Bind.setAttributes(-100, "/", 0, MS_RDONLY);
      }
      Libc.call(Libc.CHDIR, Libc.string(arena, program.directory));
      file = Executables.find(program.arguments.getFirst(), program.path);
      if (program.tty) {
        terminal = Terminal.open(Terminal.OWN, credentials.uid());
      }
      // Out again by what is still open, so that the second thread finds the machine's programs.
      Libc.call(Libc.FCHDIR, machine);
      Libc.call(Libc.CHROOT, Libc.string(arena, "."));
      Libc.call(Libc.FCHDIR, holding);
    }
    Fds.close(machine);
    Fds.close(holding);
    task = (int) Libc.call(Libc.SYSCALL, Libc.SYS_GETTID);
    credentials.assume();
    return new Launch(
            file,
            program.arguments,
            program.environment,
            program.directory,
            program.stdin,
            program.stdout,
            program.stderr,
            program.tty ? terminal.slave() : null,
            HOLD)
        .start();
  }

  private void finish(Path fifo, int pidNamespace, IntConsumer known) throws ErrnoException {
    int pid = waiting(pidNamespace);
    try {
      known.accept(pid);
      int mounts = Fds.open("/proc/self/task/" + task + "/ns/mnt", Libc.O_RDONLY);
      try {
        var unused = Throwaway.call("container-root", () -> enterRoot(mounts, pidNamespace));
      } finally {
        Fds.close(mounts);
      }
    } catch (ErrnoException | RuntimeException e) {
      Libc.tryCall(Libc.KILL, pid, Libc.SIGKILL);
      throw e;
    }
    release(fifo, pid);
  }

  /** On the second thread: mounts what needs the PID namespace and leaves the machine's root. */
  private Void enterRoot(int mounts, int pidNamespace) throws ErrnoException {
    Libc.call(Libc.UNSHARE, CLONE_FS);
    Libc.call(Libc.SETNS, mounts, CLONE_NEWNS);
    Libc.call(Libc.SETNS, pidNamespace, CLONE_NEWPID);
    String path = directoryText();
    Tool.run(
        List.of(
            mountTool.toString(),
            "-t",
            "proc",
            "-o",
            "nosuid,nodev,noexec",
            "proc",
            path + "/proc"),
        "");
    for (String masked : MASKED) {
      mask(path + masked);
    }
    for (String readOnly : READ_ONLY) {
      if (exists(path + readOnly)) {
        MountStep.mount(path + readOnly, path + readOnly, null, MS_BIND | MS_REC, null);
        MountStep.mount(
            "none",
            path + readOnly,
            null,
            MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
            null);
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      Libc.call(Libc.CHDIR, Libc.string(arena, path));
      long here = Libc.string(arena, ".");
      // The old root lands on top of the new one, from where it is taken off.
      Libc.call(Libc.SYSCALL, Libc.SYS_PIVOT_ROOT, here, here);
      Libc.call(Libc.UMOUNT2, here, MNT_DETACH);
    }
    return null;
  }

  private static void mask(String path) throws ErrnoException {
    if (!exists(path)) {
      return;
    }
    if (Executables.isDirectory(path)) {
      MountStep.mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=4k");
    } else {
      MountStep.mount("/dev/null", path, null, MS_BIND, null);
    }
  }

  /** Returns the process that waits: the only one of its namespace. */
  private int waiting(int pidNamespace) throws ErrnoException {
    String namespace = Fds.link(pidNamespace);
    int own = (int) ProcessHandle.current().pid();
    for (ProcessTable.Entry entry : ProcessTable.all()) {
      if (entry.parent() == own && namespace.equals(ProcessTable.pidNamespace(entry.pid()))) {
        return entry.pid();
      }
    }
    throw Libc.failure("find the container's process", Libc.ENOENT);
  }

  private void release(Path fifo, int pid) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      long path = Libc.string(arena, fifo.toString());
      while (true) {
        long fd = Libc.tryCall(Libc.OPEN, path, Libc.O_WRONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
        if (fd >= 0) {
          Fds.close((int) fd);
          return;
        }
        // It may not have come so far; or it has been ended already.
        if (fd != -Libc.ENXIO || ProcessTable.entry(pid).isEmpty()) {
          throw Libc.failure("open " + fifo, (int) -fd);
        }
        pause();
      }
    }
  }

  private String directoryText() {
    return root.directory().toString();
  }

  private static boolean exists(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return Libc.tryCall(Libc.ACCESS, Libc.string(arena, path), 0) == 0;
    }
  }

  private static int tryOpen(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) Libc.tryCall(Libc.OPEN, Libc.string(arena, path), Libc.O_CLOEXEC);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(0, 200_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
