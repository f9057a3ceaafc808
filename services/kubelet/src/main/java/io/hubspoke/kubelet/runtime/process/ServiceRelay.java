package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.DuplexJoin;
import io.vertx.core.internal.ContextInternal;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a pod with a network of its own reach the apiserver where that has an address in
 * 127.0.0.0/8, as in a lab on one machine: such an address is the pod itself, so something has to
 * listen there and pass on. It is the address of the service {@code kubernetes} alone, the one that
 * every pod is told; others are out of such a pod's reach.
 */
final class ServiceRelay {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceRelay.class);
  private static final int AF_INET = 2;
  private static final int SOCK_STREAM = 1;
  private static final int BACKLOG = 64;

  private final FdPoller poller;
  private final Supplier<ContextInternal> contexts;
  private final byte[] address;
  private final int port;
  private final int listener;

  private ServiceRelay(
      FdPoller poller, Supplier<ContextInternal> contexts, byte[] address, int port, int listener) {
    this.poller = poller;
    this.contexts = contexts;
    this.address = address;
    this.port = port;
    this.listener = listener;
  }

  /**
   * Begins, waiting.
   *
   * @param contexts where to move the bytes of each connection
   */
  static ServiceRelay start(
      SandboxNamespaces namespaces,
      String host,
      int port,
      FdPoller poller,
      Supplier<ContextInternal> contexts)
      throws ErrnoException {
    byte[] address = InetAddress.ofLiteral(host).getAddress();
    int listener =
        Throwaway.call(
            "service-relay",
            () -> {
              namespaces.enterNetwork();
              return listen(address, port);
            });
    ServiceRelay relay = new ServiceRelay(poller, contexts, address, port, listener);
    relay.await();
    return relay;
  }

  void close() {
    poller.closeFd(listener);
  }

  private void await() {
    poller.watch(listener, FdPoller.READ, this::accept);
  }

  /** On the poller's thread. */
  private void accept() {
    long taken = Libc.tryCall(Libc.ACCEPT, listener, 0, 0);
    if (taken >= 0) {
      int fd = (int) taken;
      try {
        Fds.nonBlocking(fd);
        join(fd, dial());
      } catch (ErrnoException e) {
        Fds.close(fd);
        LOG.debug("service kubernetes: {}", e.getMessage());
      }
    }
    if (taken >= 0 || taken == -Libc.EAGAIN || taken == -Libc.EINTR) {
      await();
    }
  }

  private void join(int inside, int outside) {
    ContextInternal context = contexts.get();
    Duplex pod = new FdDuplex(context, poller, inside);
    Duplex service = new FdDuplex(context, poller, outside);
    context.runOnContext(v -> DuplexJoin.join(pod, service).otherwiseEmpty());
  }

  /** Doesn't wait: on this machine a connection that can be had is had at once. */
  private int dial() throws ErrnoException {
    int socket = socket();
    try (Arena arena = Arena.ofConfined()) {
      long result = Libc.tryCall(Libc.CONNECT, socket, sockaddr(arena, address, port), 16);
      if (result < 0 && result != -Libc.EINPROGRESS) {
        Fds.close(socket);
        throw Libc.failure("connect", (int) -result);
      }
    }
    return socket;
  }

  private static int listen(byte[] address, int port) throws ErrnoException {
    int socket = socket();
    try (Arena arena = Arena.ofConfined()) {
      Libc.call(Libc.BIND, socket, sockaddr(arena, address, port), 16);
      Libc.call(Libc.LISTEN, socket, BACKLOG);
      return socket;
    } catch (ErrnoException e) {
      Fds.close(socket);
      throw e;
    }
  }

  private static int socket() throws ErrnoException {
    return (int) Libc.call(Libc.SOCKET, AF_INET, SOCK_STREAM | Libc.O_CLOEXEC | Libc.O_NONBLOCK, 0);
  }

  private static long sockaddr(Arena arena, byte[] address, int port) {
    MemorySegment memory = arena.allocate(16, 4);
    memory.set(JAVA_SHORT, 0, (short) AF_INET);
    memory.set(JAVA_BYTE, 2, (byte) (port >> 8));
    memory.set(JAVA_BYTE, 3, (byte) port);
    MemorySegment.copy(MemorySegment.ofArray(address), 0, memory, 4, 4);
    return memory.address();
  }
}
