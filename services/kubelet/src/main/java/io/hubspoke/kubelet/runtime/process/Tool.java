package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs one of the machine's own programs in the calling thread's namespaces. */
final class Tool {
  private static final int MAX_OUTPUT = 16 << 10;

  private Tool() {}

  /**
   * Runs it to its end; returns nothing, so it must say nothing that matters.
   *
   * @param input what it reads, no more than a pipe holds
   * @throws StartException with what it said, when it fails
   */
  static void run(List<String> command, String input) throws ErrnoException {
    int[] output = Fds.pipe();
    int given = given(input);
    try (Arena arena = Arena.ofConfined()) {
      int pid;
      try {
        pid =
            new Launch(
                    command.getFirst(),
                    command,
                    List.of("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"),
                    "/",
                    given,
                    output[1],
                    output[1],
                    null,
                    null)
                .start();
      } finally {
        Fds.close(output[1]);
      }
      String said = read(arena, output[0]);
      if (waitFor(pid) != 0) {
        throw new StartException(String.join(" ", command) + ": " + said.strip());
      }
    } finally {
      Fds.close(output[0]);
      Fds.close(given);
    }
  }

  private static int given(String input) throws ErrnoException {
    int[] pipe = Fds.pipe();
    try (Arena arena = Arena.ofConfined()) {
      byte[] bytes = input.getBytes(StandardCharsets.UTF_8);
      if (bytes.length > 0) {
        MemorySegment text = arena.allocateFrom(JAVA_BYTE, bytes);
        Libc.call(Libc.WRITE, pipe[1], text.address(), bytes.length);
      }
    } finally {
      Fds.close(pipe[1]);
    }
    return pipe[0];
  }

  /** Waits for a process that was started here; returns 0 when it went well. */
  static int waitFor(int pid) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      while (Libc.tryCall(Libc.WAITPID, pid, status.address(), 0) == -Libc.EINTR) {
        // Again.
      }
      return status.get(JAVA_INT, 0);
    }
  }

  private static String read(Arena arena, int fd) {
    MemorySegment memory = arena.allocate(MAX_OUTPUT);
    int size = 0;
    while (true) {
      int room = MAX_OUTPUT - size;
      // What is too much is read and forgotten, so that the program can end.
      long count =
          Libc.tryCall(
              Libc.READ,
              fd,
              memory.address() + (room == 0 ? 0 : size),
              room == 0 ? MAX_OUTPUT : room);
      if (count == -Libc.EINTR) {
        continue;
      }
      if (count <= 0) {
        return new String(memory.asSlice(0, size).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
      }
      size = room == 0 ? size : size + (int) count;
    }
  }
}
