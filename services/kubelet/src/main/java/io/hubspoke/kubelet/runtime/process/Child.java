package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A process that this one started and reaps. */
final class Child {
  private final int pid;
  private final Promise<Integer> exited = Promise.promise();

  // Guarded by this: its number is its own until it is reaped.
  private boolean reaped;

  private Child(int pid) {
    this.pid = pid;
  }

  /** Takes charge of a process just started. */
  static Child of(int pid, FdPoller poller) {
    Child child = new Child(pid);
    long fd = Libc.LINUX ? Libc.tryCall(Libc.SYSCALL, Libc.SYS_PIDFD_OPEN, pid, 0) : -1;
    if (fd >= 0) {
      poller.watch(
          (int) fd,
          FdPoller.READ,
          () -> {
            poller.closeFd((int) fd);
            child.reap(Libc.WNOHANG);
          });
    } else {
      ProcessHandle.of(pid)
          .ifPresentOrElse(
              handle -> {
                var unused = handle.onExit().thenRun(() -> child.reap(0));
              },
              () -> child.reap(0));
    }
    return child;
  }

  int pid() {
    return pid;
  }

  /** Completes with its exit code; 128 and the number of the signal that ended it. */
  Future<Integer> exited() {
    return exited.future();
  }

  /** Sends it a signal, while it is there. */
  synchronized void signal(int number) {
    if (!reaped) {
      Libc.tryCall(Libc.KILL, pid, number);
    }
  }

  /** Opens a descriptor of it, by which its namespaces can be entered. */
  synchronized int open() throws ErrnoException {
    if (reaped) {
      throw Libc.failure("open process", Libc.ENOENT);
    }
    return (int) Libc.call(Libc.SYSCALL, Libc.SYS_PIDFD_OPEN, pid, 0);
  }

  synchronized boolean running() {
    return !reaped;
  }

  private void reap(int options) {
    int code = 0;
    synchronized (this) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment status = arena.allocate(JAVA_INT);
        if (Libc.tryCall(Libc.WAITPID, pid, status.address(), options) == pid) {
          int value = status.get(JAVA_INT, 0);
          int signal = value & 0x7f;
          code = signal == 0 ? value >> 8 & 0xff : 128 + signal;
        } else {
          // Somebody else's waiting got it; how it ended is lost.
          code = 255;
        }
      }
      reaped = true;
    }
    exited.complete(code);
  }
}
