package io.hubspoke.lab.audit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;

/**
 * Attempts to connect to ports of one address from another one. What answers is reset, so that
 * neither descriptors nor ports in TIME_WAIT stay behind. Used by one thread.
 */
sealed interface ConnectAttempts extends AutoCloseable {
  /** Returns whether a port accepts a connection; throws when that can't be tried. */
  boolean accepts(int port) throws IOException;

  @Override
  void close();

  /** Makes what is cheapest on this machine. */
  static ConnectAttempts from(InetAddress source, InetAddress target) throws IOException {
    return System.getProperty("os.name").equals("Linux")
            && source instanceof Inet4Address
            && target instanceof Inet4Address
        ? new Reused(source, target)
        : new OneSocketEach(source, target);
  }

  /** The JDK's sockets, which are of no use any more after an attempt. */
  record OneSocketEach(InetAddress source, InetAddress target) implements ConnectAttempts {
    @Override
    public boolean accepts(int port) throws IOException {
      try (var socket = SocketChannel.open()) {
        socket.bind(new InetSocketAddress(source, 0));
        socket.setOption(StandardSocketOptions.SO_LINGER, 0);
        try {
          return socket.connect(new InetSocketAddress(target, port));
        } catch (ConnectException refused) {
          return false;
        }
      }
    }

    @Override
    public void close() {}
  }

  /**
   * One socket of Linux, which a refusal leaves bound and unconnected (connect(2)): a scan is one
   * call of the kernel for each port instead of eight.
   */
  @SuppressWarnings("restricted")
  final class Reused implements ConnectAttempts {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM_CLOEXEC = 0x80001;
    private static final int SOL_SOCKET = 1;
    private static final int SO_LINGER = 13;
    private static final int EINTR = 4;
    private static final int ECONNREFUSED = 111;
    private static final int ADDRESS_BYTES = 16;
    private static final int PORT_AT = 2;
    private static final int HOST_AT = 4;

    private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_OF =
        ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SOCKET =
        call("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
        call("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle CONNECT =
        call("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SET_OPTION =
        call(
            "setsockopt",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle CLOSE =
        call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment errno = arena.allocate(ERRNO);
    private final MemorySegment source;
    private final MemorySegment target;

    /** Negative while there is none: its number may be somebody else's by then. */
    private int socket = -1;

    Reused(InetAddress source, InetAddress target) throws IOException {
      this.source = address(source);
      this.target = address(target);
      try {
        socket = open();
      } catch (IOException e) {
        arena.close();
        throw e;
      }
    }

    private static MethodHandle call(String name, FunctionDescriptor descriptor) {
      var linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow(name),
          descriptor,
          Linker.Option.captureCallState("errno"));
    }

    /** A {@code sockaddr_in} of port 0. */
    private MemorySegment address(InetAddress host) {
      var address = arena.allocate(ADDRESS_BYTES, Integer.BYTES);
      address.set(JAVA_SHORT, 0, (short) AF_INET);
      MemorySegment.copy(host.getAddress(), 0, address, JAVA_BYTE, HOST_AT, Integer.BYTES);
      return address;
    }

    private int open() throws IOException {
      try {
        var opened = (int) SOCKET.invokeExact(errno, AF_INET, SOCK_STREAM_CLOEXEC, 0);
        if (opened < 0) {
          throw new IOException("no socket to scan with: errno " + errno());
        }
        var reset = arena.allocateFrom(JAVA_INT, 1, 0);
        var lingers =
            (int) SET_OPTION.invokeExact(errno, opened, SOL_SOCKET, SO_LINGER, reset, 2 * 4);
        if (lingers != 0 || (int) BIND.invokeExact(errno, opened, source, ADDRESS_BYTES) != 0) {
          var why = errno();
          close(opened);
          throw new IOException("no socket to scan with at its address: errno " + why);
        }
        return opened;
      } catch (Throwable e) {
        throw unexpected(e);
      }
    }

    @Override
    public boolean accepts(int port) throws IOException {
      target.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), PORT_AT, (short) port);
      while (true) {
        int failed;
        try {
          if ((int) CONNECT.invokeExact(errno, socket, target, ADDRESS_BYTES) == 0) {
            failed = 0;
          } else {
            failed = errno();
          }
        } catch (Throwable e) {
          throw unexpected(e);
        }
        if (failed == ECONNREFUSED) {
          return false;
        }
        // In whatever state it is now, it is of no use for the next attempt.
        closeSocket();
        socket = open();
        if (failed == 0) {
          return true;
        }
        if (failed != EINTR) {
          throw new IOException("port " + port + " can't be tried: errno " + failed);
        }
      }
    }

    private int errno() {
      return (int) ERRNO_OF.get(errno, 0L);
    }

    private void close(int descriptor) {
      try {
        var closed = (int) CLOSE.invokeExact(errno, descriptor);
        assert closed <= 0;
      } catch (Throwable e) {
        throw new IllegalStateException("close(2) can't be called", e);
      }
    }

    private static IOException unexpected(Throwable e) {
      return e instanceof IOException failed
          ? failed
          : new IOException("the C library's sockets can't be used: " + e.getMessage(), e);
    }

    private void closeSocket() {
      if (socket >= 0) {
        close(socket);
        socket = -1;
      }
    }

    @Override
    public void close() {
      closeSocket();
      arena.close();
    }
  }
}
