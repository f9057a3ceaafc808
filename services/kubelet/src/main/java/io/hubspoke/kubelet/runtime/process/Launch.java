package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A program about to start, in a session of its own, with nothing open but what is named here.
 *
 * @param path its file, as seen from the root of the thread that starts it
 * @param environment entries {@code NAME=value}
 * @param directory where it starts
 * @param terminal path of the terminal that becomes its controlling one and its three streams, or
 *     null for the three descriptors
 * @param hold a FIFO, relative to the thread's working directory: the process waits in front of the
 *     program until somebody opens that for writing; null not to wait
 */
record Launch(
    String path,
    List<String> arguments,
    List<String> environment,
    String directory,
    int stdin,
    int stdout,
    int stderr,
    String terminal,
    String hold) {
  private static final long SETSIGDEF = 4;
  private static final long SETSIGMASK = 8;
  private static final long SETSID = Libc.LINUX ? 0x80 : 0x400;
  private static final int OPAQUE = 1024;
  private static final int F_SETFD = 2;

  /**
   * Starts it and returns its process ID; returns only when the program itself runs. What is thrown
   * tells why it could not be run.
   */
  int start() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pid = arena.allocate(JAVA_INT);
      long attributes = attributes(arena);
      long actions = actions(arena);
      try {
        long errno =
            Libc.tryCall(
                Libc.SPAWN,
                pid.address(),
                Libc.string(arena, path),
                actions,
                attributes,
                Libc.strings(arena, arguments),
                Libc.strings(arena, environment));
        // This function returns the error instead of -1.
        if ((int) errno != 0) {
          throw Libc.failure("exec " + path, Math.abs((int) errno));
        }
        return pid.get(JAVA_INT, 0);
      } finally {
        Libc.tryCall(Libc.SPAWN_ACTIONS_DESTROY, actions);
        Libc.tryCall(Libc.SPAWN_ATTR_DESTROY, attributes);
      }
    }
  }

  /** Signals as a shell gives them: none blocked, none ignored, whatever this process does. */
  private static long attributes(Arena arena) {
    long attributes = arena.allocate(OPAQUE, 16).address();
    long signals = arena.allocate(OPAQUE, 16).address();
    Libc.tryCall(Libc.SPAWN_ATTR_INIT, attributes);
    Libc.tryCall(Libc.SIGFILLSET, signals);
    Libc.tryCall(Libc.SPAWN_ATTR_SIGDEFAULT, attributes, signals);
    Libc.tryCall(Libc.SIGEMPTYSET, signals);
    Libc.tryCall(Libc.SPAWN_ATTR_SIGMASK, attributes, signals);
    Libc.tryCall(Libc.SPAWN_ATTR_FLAGS, attributes, SETSIGDEF | SETSIGMASK | SETSID);
    return attributes;
  }

  private long actions(Arena arena) {
    long actions = arena.allocate(OPAQUE, 16).address();
    Libc.tryCall(Libc.SPAWN_ACTIONS_INIT, actions);
    if (terminal == null) {
      Libc.tryCall(Libc.SPAWN_DUP2, actions, stdin, 0);
      Libc.tryCall(Libc.SPAWN_DUP2, actions, stdout, 1);
      Libc.tryCall(Libc.SPAWN_DUP2, actions, stderr, 2);
    }
    if (hold != null) {
      Libc.tryCall(Libc.SPAWN_OPEN, actions, 3, Libc.string(arena, hold), Libc.O_RDONLY, 0);
    }
    if (Libc.SPAWN_CLOSE_FROM.exists()) {
      Libc.tryCall(Libc.SPAWN_CLOSE_FROM, actions, 3);
    } else {
      closeAllOnExec();
    }
    if (terminal != null) {
      // The leader of a session gets the first terminal it opens as its controlling one.
      Libc.tryCall(Libc.SPAWN_OPEN, actions, 0, Libc.string(arena, terminal), Libc.O_RDWR, 0);
      Libc.tryCall(Libc.SPAWN_DUP2, actions, 0, 1);
      Libc.tryCall(Libc.SPAWN_DUP2, actions, 0, 2);
    }
    if (directory != null) {
      Libc.tryCall(Libc.SPAWN_CHDIR, actions, Libc.string(arena, directory));
    }
    return actions;
  }

  private static void closeAllOnExec() {
    Path own = Path.of("/dev/fd");
    try (DirectoryStream<Path> open = Files.newDirectoryStream(own)) {
      for (Path fd : open) {
        int number = Integer.parseInt(fd.getFileName().toString());
        if (number > 2) {
          Libc.tryCall(Libc.FCNTL, number, F_SETFD, 1);
        }
      }
    } catch (IOException | NumberFormatException e) {
      // Such a system has neither the call nor the list; Java's own files are closed on exec.
    }
  }
}
