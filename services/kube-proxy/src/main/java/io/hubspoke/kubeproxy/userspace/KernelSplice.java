package io.hubspoke.kubeproxy.userspace;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins two connections by splice(2): what one sends moves to the other within the kernel, and this
 * process copies nothing. A side that doesn't read holds the other one back at one pipe's worth;
 * the end of one way is handed on behind what was sent before it, and a reset as a reset.
 *
 * <p>Both connections live on one event loop, to which all state is confined.
 */
// What a close brings is noticed by its channel's closeFuture.
@SuppressWarnings("FutureReturnValueIgnored")
final class KernelSplice {
  private static final Logger LOG = LoggerFactory.getLogger(KernelSplice.class);

  private static final EpollIoOps EVENTS =
      EpollIoOps.EPOLLIN
          .with(EpollIoOps.EPOLLOUT)
          .with(EpollIoOps.EPOLLRDHUP)
          .with(EpollIoOps.EPOLLET);

  /** What a pipe holds as Linux makes it. */
  private static final int PIPE_BYTES = 64 << 10;

  /** After so many moves others have their turn. */
  private static final int MOVES = 32;

  private static final int MOST_SPARE_PIPES = 64;

  /** Each may hold two pipes, of two files each, of the many that a process may have open. */
  private static final int MOST_JOINED = 512;

  private static final AtomicInteger JOINED = new AtomicInteger();

  /** Pipes that are empty: a connection needs one only while something is on its way. */
  private static final FastThreadLocal<ArrayDeque<FileDescriptor[]>> SPARE =
      new FastThreadLocal<>() {
        @Override
        protected ArrayDeque<FileDescriptor[]> initialValue() {
          return new ArrayDeque<>();
        }

        @Override
        protected void onRemoval(ArrayDeque<FileDescriptor[]> spare) {
          spare.forEach(KernelSplice::close);
        }
      };

  private final Side one;
  private final Side other;
  private final Way there;
  private final Way back;
  private final IoEventLoop loop;
  private final Duration standstill;
  private boolean ended;
  private boolean watched;
  private boolean queued;
  private long moved;

  /** One of the two connections. */
  private final class Side implements EpollIoHandle {
    private final EpollSocketChannel channel;
    private IoRegistration registration;
    private boolean readable = true;
    private boolean writable = true;
    private boolean peerEnded;
    private boolean broken;

    Side(EpollSocketChannel channel) {
      this.channel = channel;
    }

    @Override
    public FileDescriptor fd() {
      return channel.fd();
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
      EpollIoOps ops = ((EpollIoEvent) event).ops();
      if (ops.contains(EpollIoOps.EPOLLERR)) {
        // A reset: nothing more comes from there, nor gets there.
        broken = true;
        end(true);
        return;
      }
      writable |= ops.contains(EpollIoOps.EPOLLOUT);
      peerEnded |= ops.contains(EpollIoOps.EPOLLRDHUP);
      readable |= peerEnded || ops.contains(EpollIoOps.EPOLLIN);
      move();
    }

    /** The loop ends. */
    @Override
    public void close() {
      reset();
    }
  }

  /** One of the two ways, with what is on it. */
  private final class Way {
    private final Side from;
    private final Side to;
    private FileDescriptor[] pipe;
    private int held;
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
      if (from.readable && held < PIPE_BYTES) {
        take();
      }
      if (held > 0 && to.writable) {
        give();
      }
      if (held == 0) {
        giveBack();
        if (!from.readable && from.peerEnded) {
          done = true;
          to.channel.shutdownOutput();
          watch();
        }
      }
      return moved != before;
    }

    private void take() throws IOException {
      if (pipe == null) {
        pipe = pipe();
      }
      int n = Native.splice(from.fd().intValue(), -1, pipe[1].intValue(), -1, PIPE_BYTES - held);
      if (n > 0) {
        held += n;
        moved += n;
      } else if (held == 0) {
        // With something held it may be the pipe that has no room: it counts pieces, not bytes.
        from.readable = false;
      }
    }

    private void give() throws IOException {
      int n = Native.splice(pipe[0].intValue(), -1, to.fd().intValue(), -1, held);
      if (n > 0) {
        held -= n;
        moved += n;
      } else {
        to.writable = false;
      }
    }

    private void giveBack() {
      if (pipe != null) {
        if (SPARE.get().size() < MOST_SPARE_PIPES) {
          SPARE.get().push(pipe);
        } else {
          KernelSplice.close(pipe);
        }
        pipe = null;
      }
    }

    private void discard() {
      if (held == 0) {
        giveBack();
      } else if (pipe != null) {
        // What is in it must not come out elsewhere.
        KernelSplice.close(pipe);
        pipe = null;
      }
    }
  }

  private KernelSplice(EpollSocketChannel one, EpollSocketChannel other, Duration standstill) {
    this.one = new Side(one);
    this.other = new Side(other);
    this.there = new Way(this.one, this.other);
    this.back = new Way(this.other, this.one);
    this.loop = (IoEventLoop) one.eventLoop();
    this.standstill = standstill;
  }

  /**
   * Joins two connections of one event loop, on that loop, with {@link EarlyBytes} each.
   *
   * @param standstill how long a connection of which one way has ended may stand still
   * @param copying joins them instead, since one has been read from after all; on the loop
   * @return null when as many are joined as may be
   */
  static KernelSplice join(
      EpollSocketChannel one, EpollSocketChannel other, Duration standstill, Runnable copying) {
    if (JOINED.incrementAndGet() > MOST_JOINED) {
      JOINED.decrementAndGet();
      return null;
    }
    var splice = new KernelSplice(one, other, standstill);
    // Netty does so later, and may read from who ends its way until it has.
    one.deregister()
        .addListener(left -> other.deregister().addListener(both -> splice.take(copying)));
    return splice;
  }

  /** Returns how many pairs of connections are joined. */
  static int joined() {
    return JOINED.get();
  }

  /** Takes the connections from their channels, which are left to close them. */
  private void take(Runnable copying) {
    if (ended) {
      return;
    }
    if (!one.channel.isOpen() || !other.channel.isOpen()) {
      // The number of a closed file may be another connection's by now.
      end(true);
    } else if (EarlyBytes.any(one.channel) || EarlyBytes.any(other.channel)) {
      giveUp(copying);
    } else {
      take(one);
      take(other);
    }
  }

  private void giveUp(Runnable copying) {
    leave();
    EventLoopGroup channels = one.channel.eventLoop();
    channels
        .register(one.channel)
        .addListener(back -> channels.register(other.channel).addListener(again -> copying.run()));
  }

  private void leave() {
    ended = true;
    JOINED.decrementAndGet();
  }

  private void take(Side side) {
    loop.register(side)
        .addListener(
            (io.netty.util.concurrent.Future<IoRegistration> registered) ->
                registered(side, registered));
  }

  private void registered(Side side, io.netty.util.concurrent.Future<IoRegistration> registered) {
    if (!registered.isSuccess()) {
      end(true);
    } else if (ended) {
      registered.getNow().cancel();
    } else {
      side.registration = registered.getNow();
      side.registration.submit(EVENTS);
      if (one.registration != null && other.registration != null) {
        move();
      }
    }
  }

  private void move() {
    if (ended || one.registration == null || other.registration == null) {
      return;
    }
    try {
      var more = true;
      for (int i = 0; more && i < MOVES; i++) {
        var went = there.move();
        more = back.move() || went;
      }
      if (there.done && back.done) {
        end(false);
      } else if (more && !queued) {
        queued = true;
        loop.execute(
            () -> {
              queued = false;
              move();
            });
      }
    } catch (IOException broken) {
      end(true);
    }
  }

  /** Ends both connections with a reset; from any thread. */
  void reset() {
    if (loop.inEventLoop()) {
      end(true);
    } else {
      loop.execute(() -> end(true));
    }
  }

  private void end(boolean abruptly) {
    if (ended) {
      return;
    }
    leave();
    there.discard();
    back.discard();
    end(one, abruptly);
    end(other, abruptly);
  }

  private static void end(Side side, boolean abruptly) {
    // Before its file is closed, whose number the next connection may get.
    if (side.registration != null) {
      side.registration.cancel();
    }
    if (abruptly && !side.broken) {
      EventLoops.reset(side.channel);
    } else {
      side.channel.close();
    }
  }

  /** Ends what stands still, now that one way has ended. */
  private void watch() {
    if (!watched) {
      watched = true;
      look(moved);
    }
  }

  private void look(long before) {
    var next =
        loop.schedule(
            () -> {
              if (moved == before) {
                end(true);
              } else {
                look(moved);
              }
            },
            standstill.toSeconds(),
            TimeUnit.SECONDS);
    one.channel.closeFuture().addListener(closed -> next.cancel(false));
  }

  private static FileDescriptor[] pipe() throws IOException {
    var spare = SPARE.get().poll();
    return spare == null ? FileDescriptor.pipe() : spare;
  }

  private static void close(FileDescriptor[] pipe) {
    for (var end : pipe) {
      try {
        end.close();
      } catch (IOException e) {
        LOG.debug("a pipe was not closed: {}", e.getMessage());
      }
    }
  }
}
