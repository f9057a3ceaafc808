package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.hubspoke.streams.TerminalSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A pseudo-terminal.
 *
 * @param master the descriptor of our end, which doesn't block
 * @param slave the path of the process's end
 */
record Terminal(int master, String slave) {
  static final String OWN = "/dev/pts/ptmx";
  static final String MACHINE = "/dev/ptmx";

  private static final String FOLDER = "/dev/pts/";
  private static final long TIOCSPTLCK = 0x40045431;
  private static final long TIOCGPTN = 0x80045430L;
  private static final long TIOCSWINSZ = 0x5414;

  /**
   * Opens one.
   *
   * @param ptmx the device that makes them: {@link #OWN} in a container's own file system, which
   *     nothing can replace, or {@link #MACHINE}
   * @param uid whose it is
   */
  static Terminal open(String ptmx, int uid) throws ErrnoException {
    // Not to block on what somebody may have put there instead.
    int master = Fds.open(ptmx, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(JAVA_INT);
      Libc.call(Libc.IOCTL, master, TIOCSPTLCK, number.address());
      Libc.call(Libc.IOCTL, master, TIOCGPTN, number.address());
      int index = number.get(JAVA_INT, 0);
      Libc.call(Libc.CHOWN, Libc.string(arena, FOLDER + index), uid, -1);
      return new Terminal(master, FOLDER + index);
    } catch (ErrnoException e) {
      Fds.close(master);
      throw e;
    }
  }

  /** Sets its size; its foreground processes get SIGWINCH. */
  static void resize(int master, TerminalSize size) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment window = arena.allocate(8);
      window.set(JAVA_SHORT, 0, (short) size.height());
      window.set(JAVA_SHORT, 2, (short) size.width());
      Libc.tryCall(Libc.IOCTL, master, TIOCSWINSZ, window.address());
    }
  }
}
