package io.hubspoke.kubelet.runtime.process;

import java.lang.foreign.Arena;

/** How containers are known that have no namespaces: by a variable that their processes inherit. */
final class PlainContainers {
  private static final String VARIABLE = "HUBSPOKE_CONTAINER_ID";

  private PlainContainers() {}

  /** Returns the entry of the environment that marks all processes of a container. */
  static String mark(String id) {
    return VARIABLE + "=" + id;
  }

  /** Makes a folder the calling thread's working directory, and its new files no one else's. */
  static void enter(String directory) throws ErrnoException {
    if (!Libc.LINUX) {
      // Threads share it there; the process changes to it by itself.
      return;
    }
    Libc.call(Libc.UNSHARE, NamespacedStart.CLONE_FS);
    Libc.tryCall(Libc.UMASK, 022);
    try (Arena arena = Arena.ofConfined()) {
      long result = Libc.tryCall(Libc.CHDIR, Libc.string(arena, directory));
      if (result < 0) {
        throw Libc.failure("chdir to cwd (\"" + directory + "\")", (int) -result);
      }
    }
  }

  /** Gives credentials to the calling thread, as far as they are not its own. */
  static void assume(Credentials credentials) throws ErrnoException {
    if (!Libc.LINUX) {
      return;
    }
    if (Libc.tryCall(Libc.GETEUID) == 0) {
      credentials.assume();
    } else {
      credentials.assumePrivilegesOnly();
    }
  }

  /** Ends all of them, and those that they start meanwhile. */
  static void end(String id, int pid) {
    // Each round sees what was started before it; a program that forks faster than this loses in
    // the end, since nothing of a killed process forks again.
    for (int round = 0; round < 10; round++) {
      boolean any = false;
      for (ProcessTable.Entry entry : ProcessTable.withEnvironment(mark(id))) {
        if (entry.state() != 'Z') {
          any = true;
          Libc.tryCall(Libc.KILL, entry.pid(), Libc.SIGKILL);
        }
      }
      Libc.tryCall(Libc.KILL, -pid, Libc.SIGKILL);
      if (!any) {
        return;
      }
    }
  }
}
