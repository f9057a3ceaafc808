package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is done with file descriptors. */
final class Fds {
  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int F_SETFD = 2;
  private static final int F_SETPIPE_SZ = 1031;

  private Fds() {}

  /**
   * Makes a pipe that other programs don't inherit: its end to read from, then that to write to.
   */
  static int[] pipe() throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(JAVA_INT, 2);
      if (Libc.PIPE2.exists()) {
        Libc.call(Libc.PIPE2, ends.address(), Libc.O_CLOEXEC);
      } else {
        Libc.call(Libc.PIPE, ends.address());
      }
      int[] fds = {ends.getAtIndex(JAVA_INT, 0), ends.getAtIndex(JAVA_INT, 1)};
      if (!Libc.PIPE2.exists()) {
        Libc.call(Libc.FCNTL, fds[0], F_SETFD, 1);
        Libc.call(Libc.FCNTL, fds[1], F_SETFD, 1);
      }
      return fds;
    }
  }

  /** Makes room for more, where the system permits; fewer turns for the same bytes. */
  static void enlargePipe(int fd, int size) {
    if (Libc.LINUX) {
      Libc.tryCall(Libc.FCNTL, fd, F_SETPIPE_SZ, size);
    }
  }

  static void nonBlocking(int fd) throws ErrnoException {
    long flags = Libc.call(Libc.FCNTL, fd, F_GETFL, 0);
    Libc.call(Libc.FCNTL, fd, F_SETFL, flags | Libc.O_NONBLOCK);
  }

  static int open(String path, long flags) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      long fd = Libc.tryCall(Libc.OPEN, Libc.string(arena, path), flags | Libc.O_CLOEXEC, 0600);
      if (fd < 0) {
        throw Libc.failure("open " + path, (int) -fd);
      }
      return (int) fd;
    }
  }

  /** Returns what a descriptor is open for, as the system names it. */
  static String link(int fd) {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
    } catch (IOException e) {
      return "";
    }
  }

  /** Gives pipes to whom a process runs as, so that it can open them by name again. */
  static void belong(int[] fds, Credentials owner) {
    for (int fd : fds) {
      if (fd >= 0 && link(fd).startsWith("pipe:")) {
        Libc.tryCall(Libc.FCHOWN, fd, owner.uid(), owner.gid());
      }
    }
  }

  static void close(int fd) {
    if (fd >= 0) {
      Libc.tryCall(Libc.CLOSE, fd);
    }
  }

  static void writeByte(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      Libc.tryCall(Libc.WRITE, fd, arena.allocate(1).address(), 1);
    }
  }

  static void drain(int fd, MemorySegment scratch) {
    while (Libc.tryCall(Libc.READ, fd, scratch.address(), scratch.byteSize()) > 0) {
      // Until it is empty.
    }
  }
}
