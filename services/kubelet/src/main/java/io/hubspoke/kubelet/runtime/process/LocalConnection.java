package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Connects to a port on a pod's loopback, as {@code kubectl port-forward} wants it. */
final class LocalConnection {
  private static final int AF_INET = 2;
  private static final int AF_INET6 = Libc.LINUX ? 10 : 30;
  private static final int SOCK_STREAM = 1;

  /** How long a server may take whose queue is full. */
  private static final long PATIENCE_MS = 10_000;

  private LocalConnection() {}

  /**
   * Returns a connected socket that doesn't block, waiting.
   *
   * @throws StartException when nobody listens, in containerd's words
   */
  static int open(PodSandbox sandbox, int port) throws ErrnoException {
    return Throwaway.call(
        "port-forward",
        () -> {
          sandbox.namespaces().enterNetwork();
          return connect(sandbox, port);
        });
  }

  private static int connect(PodSandbox sandbox, int port) throws ErrnoException {
    long four = connect(AF_INET, port);
    if (four >= 0) {
      return (int) four;
    }
    long six = connect(AF_INET6, port);
    if (six >= 0) {
      return (int) six;
    }
    throw new StartException(
        "failed to connect to localhost:"
            + port
            + " inside namespace \""
            + sandbox.id()
            + "\", IPv4: dial tcp4 127.0.0.1:"
            + port
            + ": connect: "
            + Libc.text((int) -four)
            + " IPv6: dial tcp6 [::1]:"
            + port
            + ": connect: "
            + Libc.text((int) -six));
  }

  /** Returns a socket, or an error number made negative. */
  private static long connect(int family, int port) throws ErrnoException {
    long socket =
        Libc.tryCall(Libc.SOCKET, family, SOCK_STREAM | (Libc.LINUX ? Libc.O_CLOEXEC : 0), 0);
    if (socket < 0) {
      return socket;
    }
    try (Arena arena = Arena.ofConfined()) {
      Fds.nonBlocking((int) socket);
      int size = family == AF_INET ? 16 : 28;
      MemorySegment address = arena.allocate(size, 4);
      if (Libc.LINUX) {
        address.set(JAVA_SHORT, 0, (short) family);
      } else {
        address.set(JAVA_BYTE, 0, (byte) size);
        address.set(JAVA_BYTE, 1, (byte) family);
      }
      address.set(JAVA_BYTE, 2, (byte) (port >> 8));
      address.set(JAVA_BYTE, 3, (byte) port);
      if (family == AF_INET) {
        address.set(JAVA_BYTE, 4, (byte) 127);
        address.set(JAVA_BYTE, 7, (byte) 1);
      } else {
        address.set(JAVA_BYTE, 23, (byte) 1);
      }
      long result = Libc.tryCall(Libc.CONNECT, socket, address.address(), size);
      if (result == -Libc.EINPROGRESS) {
        // Asked again it tells how it ended, or that it hasn't.
        awaitWritable(arena, socket);
        result = Libc.tryCall(Libc.CONNECT, socket, address.address(), size);
      }
      if (result < 0) {
        Fds.close((int) socket);
        return result;
      }
      return socket;
    }
  }

  private static void awaitWritable(Arena arena, long socket) {
    MemorySegment entry = arena.allocate(8, 4);
    entry.set(JAVA_INT, 0, (int) socket);
    entry.set(JAVA_SHORT, 4, (short) FdPoller.WRITE);
    long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
    while (true) {
      long left = Math.max(0, (deadline - System.nanoTime()) / 1_000_000);
      if (Libc.tryCall(Libc.POLL, entry.address(), 1, left) != -Libc.EINTR) {
        return;
      }
    }
  }
}
