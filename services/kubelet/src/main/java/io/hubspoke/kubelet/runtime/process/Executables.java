package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import java.lang.foreign.Arena;

/** Finds programs as {@code runc} does, below the calling thread's root, with its words. */
final class Executables {
  private static final int F_OK = 0;
  private static final int X_OK = 1;

  private Executables() {}

  /**
   * Returns the path of a command; the working directory is that of the thread.
   *
   * @param path the variable {@code PATH} of the process
   * @throws StartException when there is none or it must not be run
   */
  static String find(String command, String path) {
    if (command.isEmpty()) {
      throw refused(command, "no command");
    }
    if (command.indexOf('/') >= 0) {
      if (access(command, F_OK) < 0) {
        throw refused(command, "stat " + command + ": no such file or directory");
      }
      if (isDirectory(command)) {
        throw refused(command, "is a directory");
      }
      if (access(command, X_OK) < 0) {
        throw refused(command, "permission denied");
      }
      return command;
    }
    int from = 0;
    while (from <= path.length()) {
      int colon = path.indexOf(':', from);
      int to = colon < 0 ? path.length() : colon;
      String folder = to == from ? "." : path.substring(from, to);
      String file = folder + "/" + command;
      if (access(file, X_OK) == 0 && !isDirectory(file)) {
        return file;
      }
      from = to + 1;
    }
    throw refused(command, "executable file not found in $PATH");
  }

  /** Returns why a command could not be run, as {@code runc} words it. */
  static StartException refused(String command, String reason) {
    return new StartException(
        "unable to start container process: exec: " + quoted(command) + ": " + reason);
  }

  static boolean isDirectory(String path) {
    try (Arena arena = Arena.ofConfined()) {
      long fd =
          Libc.tryCall(
              Libc.OPEN,
              Libc.string(arena, path),
              Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC | Libc.O_NONBLOCK);
      Fds.close((int) fd);
      return fd >= 0;
    }
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  private static long access(String path, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      return Libc.tryCall(Libc.ACCESS, Libc.string(arena, path), mode);
    }
  }
}
