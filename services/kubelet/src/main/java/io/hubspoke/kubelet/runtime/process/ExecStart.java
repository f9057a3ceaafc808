package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.streams.RemoteCommand;
import io.vertx.core.internal.ContextInternal;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** Starts a process in a running container's namespaces, with its environment, waiting. */
final class ExecStart {
  private static final long NAMESPACES =
      NamespacedStart.CLONE_NEWNS
          | NamespacedStart.CLONE_NEWPID
          | SandboxNamespaces.CLONE_NEWUTS
          | SandboxNamespaces.CLONE_NEWIPC
          | SandboxNamespaces.CLONE_NEWNET;

  /** Room in the kernel: fewer turns for the same bytes. */
  private static final int PIPE_SIZE = 256 << 10;

  private final ContextInternal context;
  private final FdPoller poller;

  ExecStart(ContextInternal context, FdPoller poller) {
    this.context = context;
    this.poller = poller;
  }

  /** Starts it; what it throws says why it can't run. */
  ExecProcess start(ContainerProcess container, List<String> command, RemoteCommand streams) {
    if (command.isEmpty() || command.stream().anyMatch(text -> text.indexOf('\0') >= 0)) {
      throw new StartException("exec needs a command, and none with NUL in it");
    }
    int[] theirs = {-1, -1, -1};
    int[] ours = {-1, -1, -1};
    boolean handedOver = false;
    try {
      if (!streams.tty()) {
        connect(container, streams, theirs, ours);
      }
      Started started =
          Throwaway.call("exec-start", () -> launch(container, command, streams.tty(), theirs));
      Child child = Child.of(started.pid, poller);
      handedOver = true;
      return new ExecProcess(
          context,
          poller,
          child,
          new ContainerProcess.Ends(
              ours[0],
              ours[1],
              ours[2],
              started.terminal == null ? -1 : started.terminal.master()));
    } catch (ErrnoException e) {
      throw new StartException("unable to start container process: " + e.getMessage());
    } finally {
      Credentials.restoreProcess();
      for (int i = 0; i < 3; i++) {
        Fds.close(theirs[i]);
        if (!handedOver) {
          Fds.close(ours[i]);
        }
      }
    }
  }

  private record Started(int pid, Terminal terminal) {}

  private static void connect(
      ContainerProcess container, RemoteCommand streams, int[] theirs, int[] ours)
      throws ErrnoException {
    boolean[] asked = {streams.stdin(), streams.stdout(), streams.stderr()};
    for (int i = 0; i < 3; i++) {
      if (!asked[i]) {
        theirs[i] = Fds.open("/dev/null", i == 0 ? Libc.O_RDONLY : Libc.O_WRONLY);
        continue;
      }
      int[] pipe = Fds.pipe();
      theirs[i] = pipe[i == 0 ? 0 : 1];
      ours[i] = pipe[i == 0 ? 1 : 0];
      Fds.enlargePipe(ours[i], PIPE_SIZE);
      Fds.nonBlocking(ours[i]);
    }
    Fds.belong(theirs, container.setting().credentials());
  }

  /** On a thread of its own. */
  private static Started launch(
      ContainerProcess container, List<String> command, boolean tty, int[] fds)
      throws ErrnoException {
    var setting = container.setting();
    if (setting.namespaced()) {
      int process = container.child().open();
      Libc.call(Libc.UNSHARE, NamespacedStart.CLONE_FS);
      Libc.call(Libc.SETNS, process, NAMESPACES);
      Fds.close(process);
      Libc.tryCall(Libc.UMASK, 022);
      try (Arena arena = Arena.ofConfined()) {
        Libc.call(Libc.CHDIR, Libc.string(arena, setting.directory()));
      }
    } else {
      PlainContainers.enter(setting.directory());
    }
    String file = Executables.find(command.getFirst(), setting.path());
    Terminal terminal = tty ? terminal(setting) : null;
    try {
      if (setting.namespaced()) {
        setting.credentials().assume();
      } else {
        PlainContainers.assume(setting.credentials());
      }
      int pid =
          new Launch(
                  file,
                  command,
                  environment(setting.environment(), tty),
                  setting.directory(),
                  fds[0],
                  fds[1],
                  fds[2],
                  tty ? terminal.slave() : null,
                  null)
              .start();
      return new Started(pid, terminal);
    } catch (ErrnoException e) {
      if (tty) {
        Fds.close(terminal.master());
      }
      throw e;
    }
  }

  private static Terminal terminal(ContainerProcess.ContainerSetting setting)
      throws ErrnoException {
    return Terminal.open(
        setting.namespaced() ? Terminal.OWN : Terminal.MACHINE, setting.credentials().uid());
  }

  private static List<String> environment(List<String> own, boolean tty) {
    if (!tty || own.stream().anyMatch(entry -> entry.startsWith("TERM="))) {
      return own;
    }
    List<String> environment = new ArrayList<>(own);
    environment.add("TERM=xterm");
    return environment;
  }
}
