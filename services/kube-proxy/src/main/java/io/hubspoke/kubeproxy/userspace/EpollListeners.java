package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.NativeInetAddress;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens by Linux' epoll, without Netty's channels: those ask the kernel three times as much for a
 * connection that is only handed on. The threads are apart from those that serve and follow the
 * API, which many bytes must not hold up.
 */
final class EpollListeners implements ServiceListeners {
  private static final Logger LOG = LoggerFactory.getLogger(EpollListeners.class);
  private static final EpollIoOps EVENTS = EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET);
  private static final int BACKLOG = 1024;

  /** After so many others have their turn. */
  private static final int MOST_AT_ONCE = 64;

  private static final long RETRY_SECONDS = 1;
  private static final Duration BETWEEN_WARNINGS = Duration.ofSeconds(10);

  /** How many more connections than twice another's a thread takes before it hands one on. */
  private static final int LEAD = 2;

  private final MultiThreadIoEventLoopGroup group;
  private final List<Worker> workers = new ArrayList<>();
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicLong lastTold =
      new AtomicLong(System.nanoTime() - 2 * BETWEEN_WARNINGS.toNanos());
  private final Set<Listener> listening = ConcurrentHashMap.newKeySet();

  /** A thread with the number of the connections that it has. */
  private record Worker(IoEventLoop loop, AtomicInteger connections) {}

  EpollListeners(int threads) {
    group =
        new MultiThreadIoEventLoopGroup(
            threads,
            new DefaultThreadFactory("kube-proxy-forward", true),
            EpollIoHandler.newFactory());
    group.forEach(loop -> workers.add(new Worker((IoEventLoop) loop, new AtomicInteger())));
  }

  @Override
  public Future<Listening> listen(InetSocketAddress address, Acceptor acceptor) {
    var bound = Promise.<Listening>promise();
    var worker = workers.get(Math.floorMod(turn.getAndIncrement(), workers.size()));
    worker.loop().execute(() -> listen(worker, address, acceptor, bound));
    return bound.future();
  }

  private void listen(
      Worker worker, InetSocketAddress address, Acceptor acceptor, Promise<Listening> bound) {
    Socket socket = null;
    try {
      socket = Socket.newSocketStream();
      socket.setReuseAddress(true);
      // What is accepted has these, too.
      socket.setKeepAlive(true);
      socket.setTcpNoDelay(true);
      socket.bind(address);
      socket.listen(BACKLOG);
      var listener = new Listener(worker, socket, acceptor);
      listener.start();
      listening.add(listener);
      bound.complete(listener::end);
    } catch (IOException | RuntimeException e) {
      EpollConnection.close(socket);
      bound.fail(e);
    }
  }

  /** A socket that listens, on one thread. */
  private final class Listener implements EpollIoHandle {
    private final Worker worker;
    private final Socket socket;
    private final Acceptor acceptor;
    private final byte[] peer = new byte[26];
    private IoRegistration registration;
    private boolean closed;
    private boolean retrying;

    Listener(Worker worker, Socket socket, Acceptor acceptor) {
      this.worker = worker;
      this.socket = socket;
      this.acceptor = acceptor;
    }

    void start() throws IOException {
      registration = EpollConnection.register(worker.loop(), this, EVENTS);
    }

    @Override
    public FileDescriptor fd() {
      return socket;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
      accept();
    }

    private void accept() {
      try {
        for (int i = 0; i < MOST_AT_ONCE; i++) {
          int accepted = closed || retrying ? -1 : socket.accept(peer);
          if (accepted < 0) {
            return;
          }
          hand(accepted, NativeInetAddress.address(peer, 1, peer[0]));
        }
        // Told of once more after all others.
        registration.submit(EVENTS);
      } catch (IOException e) {
        // Perhaps there are too many open files: those that wait are taken when there are fewer.
        tell(e);
        retrying = true;
        var unused = worker.loop().schedule(this::retry, RETRY_SECONDS, TimeUnit.SECONDS);
      }
    }

    private void tell(IOException e) {
      long now = System.nanoTime();
      long before = lastTold.get();
      if (now - before > BETWEEN_WARNINGS.toNanos() && lastTold.compareAndSet(before, now)) {
        LOG.warn("connections are not accepted for a while: {}", e.getMessage());
      }
    }

    private void retry() {
      retrying = false;
      accept();
    }

    /** It stays on this thread, which need not wake another then, unless that has far less. */
    private void hand(int accepted, InetSocketAddress from) {
      var idlest = workers.stream().min(Comparator.comparingInt(w -> w.connections().get()));
      int least = idlest.orElseThrow().connections().get();
      var to = worker.connections().get() > 2 * least + LEAD ? idlest.orElseThrow() : worker;
      to.connections().incrementAndGet();
      if (to.equals(worker)) {
        take(to, accepted, from);
      } else {
        try {
          to.loop().execute(() -> take(to, accepted, from));
        } catch (RejectedExecutionException ending) {
          to.connections().decrementAndGet();
          EpollConnection.close(new FileDescriptor(accepted));
        }
      }
    }

    private void take(Worker to, int accepted, InetSocketAddress from) {
      var connection = new EpollConnection(to.loop(), new Socket(accepted), from);
      connection.onEnd(to.connections()::decrementAndGet);
      try {
        acceptor.accept(connection);
      } catch (RuntimeException | OutOfMemoryError e) {
        LOG.error("a connection from {} was not taken over", from, e);
        connection.reset();
      }
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        listening.remove(this);
        registration.cancel();
        EpollConnection.close(socket);
      }
    }

    Future<Void> end() {
      var ended = Promise.<Void>promise();
      worker
          .loop()
          .execute(
              () -> {
                close();
                ended.complete();
              });
      return ended.future();
    }
  }

  @Override
  public Future<Void> close() {
    var closing = new ArrayList<Future<Void>>();
    listening.forEach(listener -> closing.add(listener.end()));
    return Future.join(closing).eventually(() -> ChannelListeners.end(group)).mapEmpty();
  }
}
