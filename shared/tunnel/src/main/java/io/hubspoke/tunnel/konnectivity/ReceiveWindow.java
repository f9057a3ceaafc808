package io.hubspoke.tunnel.konnectivity;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what has come for one connection and not been read, and holds the sender back by it. */
final class ReceiveWindow {
  /** In how many parts the patience with a reader goes by. */
  private static final int LOOKS = 5;

  private final TunnelledConnection connection;
  private final FlowControl flow;
  private final EventLoop loop;
  private final long limit;

  /** What has been read and not been settled yet; added to on the reader's thread. */
  private final AtomicLong read = new AtomicLong();

  // Of the event loop alone.
  private long outstanding;
  private boolean holding;
  private ScheduledFuture<?> patience;
  private boolean over;

  ReceiveWindow(TunnelledConnection connection, FlowControl flow, EventLoop loop) {
    this.connection = connection;
    this.flow = flow;
    this.loop = loop;
    this.limit =
        switch (flow) {
          case FlowControl.Credits credits -> credits.receive();
          case FlowControl.Bounded bounded -> bounded.bytes();
          case FlowControl.OfStream _ -> FlowControl.WINDOW >> 2;
        };
  }

  /** Called on the event loop, for a reader to whom it is not given yet. */
  void received(int bytes) {
    outstanding += bytes;
    if (over || holding || outstanding < limit) {
      return;
    }
    connection.windowFull();
    switch (flow) {
      case FlowControl.Credits _ -> {
        if (outstanding > limit) {
          connection.fail("the other end sent more than it had credit for");
        }
      }
      case FlowControl.Bounded bounded -> {
        hold();
        await(bounded, LOOKS);
      }
      case FlowControl.OfStream _ -> hold();
    }
  }

  /** Waits for the reader: not at once, so that a halt of this whole process is one look. */
  private void await(FlowControl.Bounded bounded, int looks) {
    if (looks == 0) {
      connection.fail("its reader did not keep up");
      return;
    }
    patience =
        loop.schedule(
            () -> await(bounded, looks - 1),
            bounded.patience().toMillis() / LOOKS,
            TimeUnit.MILLISECONDS);
  }

  /** Called on the reader's thread. */
  void read(int bytes) {
    if (read.addAndGet(bytes) >= limit >> 2) {
      if (loop.inEventLoop()) {
        settle();
      } else {
        loop.execute(this::settle);
      }
    }
  }

  private void settle() {
    long bytes = read.getAndSet(0);
    outstanding -= bytes;
    if (over || bytes == 0) {
      return;
    }
    switch (flow) {
      case FlowControl.Credits _ -> connection.giveCredit(bytes);
      case FlowControl.Bounded _, FlowControl.OfStream _ -> {
        if (outstanding <= limit / 2) {
          release();
        }
      }
    }
  }

  /** Nothing comes any more, or what comes is dropped; called on the event loop. */
  void close() {
    over = true;
    release();
  }

  private void hold() {
    holding = true;
    connection.holdStream();
  }

  private void release() {
    if (holding) {
      holding = false;
      if (patience != null) {
        patience.cancel(false);
        patience = null;
      }
      connection.releaseStream();
    }
  }
}
