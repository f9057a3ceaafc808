package io.hubspoke.kubeproxy.userspace;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards a connection by Linux' own calls. What is short is copied; of what goes on, the bytes
 * move within the kernel, by splice(2). A side that doesn't read holds the other one back at one
 * piece; the end of one way is handed on behind what was sent before it, and a reset as a reset.
 */
final class EpollConnection implements ClientConnection {
  private static final Logger LOG = LoggerFactory.getLogger(EpollConnection.class);

  /** Urgent data, which Netty has no name for: a read ends where it is. */
  private static final EpollIoOps EPOLLPRI = EpollIoOps.valueOf(2);

  private static final EpollIoOps EVENTS =
      EpollIoOps.EPOLLIN
          .with(EpollIoOps.EPOLLOUT)
          .with(EpollIoOps.EPOLLRDHUP)
          .with(EPOLLPRI)
          .with(EpollIoOps.EPOLLET);

  /** How long what was said before a reset may wait to be read. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(30);

  private static final int IPPROTO_IP = 0;
  private static final int IP_BIND_ADDRESS_NO_PORT = 24;

  private static final int COPIED_BYTES = 16 << 10;

  /** As much as that at a time while connections that stand still hold a lot. */
  private static final int FEW_BYTES = 2 << 10;

  private static final int A_LOT = 16 << 20;

  /** Bytes of all buffers, which are held only while something is on its way. */
  private static final AtomicLong HELD = new AtomicLong();

  /** A way on which so much has gone is one that goes on. */
  private static final long LONG = 16 * COPIED_BYTES;

  /** After so many moves others have their turn. */
  private static final int MOVES = 32;

  private final IoEventLoop loop;
  private final InetSocketAddress peer;
  private final Side client;
  private final List<Runnable> onEnd = new ArrayList<>(2);
  private Dial dial;
  private Side endpoint;
  private Way there;
  private Way back;
  private Future<?> timer;
  private volatile boolean ended;
  private long moved;

  EpollConnection(IoEventLoop loop, Socket accepted, InetSocketAddress peer) {
    this.loop = loop;
    this.peer = peer;
    this.client = new Side(accepted);
  }

  /** One of the two sockets. */
  private final class Side implements EpollIoHandle {
    private final Socket socket;
    private IoRegistration registration;
    private boolean readable = true;
    private boolean writable = true;

    /** Whether a read that finds less than there is room for may not have found all. */
    private boolean unsure;

    /** Whether nothing gets there any more; what has come from there may still be read. */
    private boolean broken;

    Side(Socket socket) {
      this.socket = socket;
    }

    void register() throws IOException {
      registration = EpollConnection.register(loop, this, EVENTS);
    }

    @Override
    public FileDescriptor fd() {
      return socket;
    }

    /** An event may be one of a file that had this number before, so that it's a hint alone. */
    @Override
    public void handle(IoRegistration from, IoEvent event) {
      guard(() -> hear(((EpollIoEvent) event).ops()));
    }

    private void hear(EpollIoOps ops) {
      writable |= ops.contains(EpollIoOps.EPOLLOUT);
      unsure |= ops.contains(EpollIoOps.EPOLLRDHUP) || ops.contains(EPOLLPRI);
      readable |= unsure || ops.contains(EpollIoOps.EPOLLIN);
      if (ops.contains(EpollIoOps.EPOLLERR) && isBroken()) {
        breaks();
      }
      move();
    }

    /** A reset, before which something may have been said. */
    private void breaks() {
      broken = true;
      unsure = true;
      readable = true;
    }

    private boolean isBroken() {
      try {
        return socket.getSoError() != 0;
      } catch (IOException e) {
        return true;
      }
    }

    /** The loop ends. */
    @Override
    public void close() {
      EpollConnection.this.end(true);
    }

    private void end(boolean abruptly) {
      // Before the file is closed, whose number the next connection may get.
      if (registration != null) {
        registration.cancel();
      }
      if (abruptly && !broken) {
        try {
          socket.setSoLinger(0);
        } catch (IOException e) {
          LOG.debug("a connection is closed, not reset: {}", e.getMessage());
        }
      }
      EpollConnection.close(socket);
    }
  }

  /** An endpoint's socket until it is connected. */
  private final class Dial implements EpollIoHandle {
    private final Socket socket;
    private final InetSocketAddress address;
    private final Runnable failed;
    private IoRegistration registration;

    Dial(Socket socket, InetSocketAddress address, Runnable failed) {
      this.socket = socket;
      this.address = address;
      this.failed = failed;
    }

    void start(int millis) throws IOException {
      registration = EpollConnection.register(loop, this, EVENTS);
      dial = this;
      timer = loop.schedule(this::fail, millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public FileDescriptor fd() {
      return socket;
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
      guard(this::look);
    }

    private void look() {
      try {
        if (socket.connect(address)) {
          leave();
          join(socket);
        }
      } catch (IOException e) {
        fail();
      }
    }

    private void fail() {
      end();
      failed.run();
    }

    private void end() {
      leave();
      EpollConnection.close(socket);
    }

    private void leave() {
      dial = null;
      timer.cancel(false);
      registration.cancel();
    }

    /** The loop ends. */
    @Override
    public void close() {
      EpollConnection.this.end(true);
    }
  }

  /** One of the two ways, with what is on it. */
  private final class Way {
    private final Side from;
    private final Side to;
    private Pipe pipe;
    private ByteBuf copied;
    private int held;
    private long gone;
    private boolean last;
    private boolean done;

    Way(Side from, Side to) {
      this.from = from;
      this.to = to;
    }

    /** Moves a piece; returns whether there may be more to move at once. */
    boolean move() throws IOException {
      if (done) {
        return false;
      }
      var before = moved;
      if (held == 0 && !last && from.readable && !to.broken) {
        take();
      }
      if (held > 0 && to.writable) {
        give();
      }
      if (to.broken) {
        end();
      } else if (held == 0) {
        giveBack();
        if (last) {
          if (!from.broken) {
            to.socket.shutdown(false, true);
          }
          end();
        }
      }
      return moved != before;
    }

    private void end() {
      done = true;
      giveBack();
      watch();
    }

    private void take() throws IOException {
      if (gone >= LONG && !from.unsure && hasPipe()) {
        held = Native.splice(from.fd().intValue(), -1, pipe.in(), -1, Pipe.BYTES);
        from.readable = held > 0;
        moved += held;
        return;
      }
      giveBack();
      int room = HELD.get() < A_LOT ? COPIED_BYTES : FEW_BYTES;
      copied = PooledByteBufAllocator.DEFAULT.directBuffer(room, room);
      HELD.addAndGet(room);
      int read = receive(room);
      last = read < 0;
      held = Math.max(read, 0);
      moved += held;
      copied.writerIndex(held);
      from.unsure &= read > 0;
      // All that came has been read when there was room for more.
      from.readable = read == room || from.unsure;
    }

    private int receive(int room) {
      try {
        return from.socket.recvAddress(copied.memoryAddress(), 0, room);
      } catch (IOException | NotYetConnectedException broken) {
        from.broken = true;
        return -1;
      }
    }

    private boolean hasPipe() {
      if (pipe == null) {
        pipe = Pipe.take();
      }
      return pipe != null;
    }

    private void give() {
      int n;
      try {
        n =
            copied == null
                ? Native.splice(pipe.out(), -1, to.fd().intValue(), -1, held)
                : to.socket.sendAddress(
                    copied.memoryAddress(), copied.readerIndex(), copied.writerIndex());
      } catch (IOException | NotYetConnectedException broken) {
        to.breaks();
        return;
      }
      // The kernel tells of room only after it had none for anything.
      to.writable = n > 0;
      held -= n;
      moved += n;
      gone += n;
      if (copied != null) {
        copied.skipBytes(n);
      }
    }

    private void giveBack() {
      if (copied != null) {
        HELD.addAndGet(-copied.capacity());
        copied.release();
        copied = null;
      }
      if (pipe != null) {
        pipe.giveBack(held == 0);
        pipe = null;
      }
    }
  }

  @Override
  public InetSocketAddress remoteAddress() {
    return peer;
  }

  @Override
  public void forward(
      InetSocketAddress address, InetSocketAddress source, int millis, Runnable failed) {
    if (ended) {
      return;
    }
    Socket socket = null;
    boolean connected = false;
    try {
      socket = Socket.newSocketStream();
      socket.setKeepAlive(true);
      socket.setTcpNoDelay(true);
      if (source != null) {
        // Ports are unique for each pair of ends then, so that thousands a second are enough.
        socket.setIntOpt(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        socket.bind(source);
      }
      connected = socket.connect(address);
      if (!connected) {
        // What is on this machine has answered meanwhile.
        connected = socket.connect(address);
      }
      if (!connected) {
        new Dial(socket, address, failed).start(millis);
      }
    } catch (IOException | ChannelException e) {
      close(socket);
      failed.run();
      return;
    }
    if (connected) {
      join(socket);
    }
  }

  private void join(Socket connected) {
    endpoint = new Side(connected);
    there = new Way(client, endpoint);
    back = new Way(endpoint, client);
    try {
      endpoint.register();
      client.register();
      move();
    } catch (IOException e) {
      end(true);
    }
  }

  static IoRegistration register(IoEventLoop loop, EpollIoHandle handle, EpollIoOps events)
      throws IOException {
    // At once, since this is the loop's own thread.
    var registered = loop.register(handle);
    if (!registered.isSuccess()) {
      throw new IOException("a socket was not registered", registered.cause());
    }
    registered.getNow().submit(events);
    return registered.getNow();
  }

  /** Has what fails end this connection alone: Netty would drop what else it was told of. */
  private void guard(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | OutOfMemoryError e) {
      LOG.error("a connection from {} is reset", peer, e);
      end(true);
    }
  }

  private void move() {
    if (ended || there == null) {
      return;
    }
    try {
      var more = true;
      for (int i = 0; more && i < MOVES; i++) {
        var went = there.move();
        more = back.move() || went;
      }
      if (there.done && back.done) {
        end(client.broken || endpoint.broken);
      } else if (more) {
        // Told of once more after all others.
        client.registration.submit(EVENTS);
        endpoint.registration.submit(EVENTS);
      }
    } catch (IOException | NotYetConnectedException broken) {
      end(true);
    }
  }

  @Override
  public void reset() {
    if (loop.inEventLoop()) {
      end(true);
    } else if (!ended) {
      loop.execute(() -> end(true));
    }
  }

  @Override
  public void resetAfter(Duration time) {
    try {
      client.register();
    } catch (IOException e) {
      end(true);
      return;
    }
    timer = loop.schedule(this::reset, time.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void onEnd(Runnable action) {
    onEnd.add(action);
  }

  private void end(boolean abruptly) {
    if (ended) {
      return;
    }
    ended = true;
    if (timer != null) {
      timer.cancel(false);
    }
    if (dial != null) {
      dial.end();
    }
    client.end(abruptly);
    if (endpoint != null) {
      there.giveBack();
      back.giveBack();
      endpoint.end(abruptly);
    }
    onEnd.forEach(Runnable::run);
  }

  /** Ends what stands still, now that one way has ended. */
  private void watch() {
    if (!(there.done && back.done)) {
      look(moved);
    }
  }

  private void look(long before) {
    timer =
        loop.schedule(
            () -> {
              if (moved == before) {
                end(true);
              } else {
                look(moved);
              }
            },
            (client.broken || endpoint.broken ? LAST_WORDS : STANDSTILL).toSeconds(),
            TimeUnit.SECONDS);
  }

  static void close(FileDescriptor file) {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      LOG.debug("a file was not closed: {}", e.getMessage());
    }
  }
}
