package io.hubspoke.tunnel;

import io.hubspoke.streams.Duplex;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.concurrent.TimeUnit;

/**
 * A Netty channel over what a {@link Dialer} opens: to its pipeline, and so to Vert.x, as good as a
 * TCP connection. Fields are confined to the event loop but for what other threads may ask of any
 * channel.
 */
// What fails of a write or a close ends the channel, and that is noticed.
@SuppressWarnings("FutureReturnValueIgnored")
final class TunnelChannel extends AbstractChannel implements DuplexChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  private enum State {
    NEW,
    CONNECTED,
    CLOSED
  }

  private final TunnelChannelConfig config = new TunnelChannelConfig(this, this::stopReading);
  private final TunnelInput input = new TunnelInput(this);
  private final TunnelOutput output = new TunnelOutput();
  private final Handler<Throwable> writeFailed = e -> onEventLoop(() -> outputFailed(e));
  private volatile State state = State.NEW;
  private volatile TunnelPeer peer;
  private volatile boolean inputShutdown;
  private volatile boolean outputShutdown;
  private ChannelPromise connecting;
  private ScheduledFuture<?> connectTimeout;
  private Duplex connection;
  private boolean connectionGone;

  TunnelChannel() {
    super(null);
  }

  /** Runs at once when on the event loop already. */
  void onEventLoop(Runnable step) {
    if (eventLoop().inEventLoop()) {
      step.run();
    } else {
      eventLoop().execute(step);
    }
  }

  private void stopReading() {
    // It may be set before there is an event loop; then nobody reads yet.
    if (isRegistered()) {
      onEventLoop(input::stopReading);
    }
  }

  private final class TunnelUnsafe extends AbstractUnsafe {
    @Override
    public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
      if (promise.isDone() || !ensureOpen(promise)) {
        return;
      }
      if (connecting != null || state != State.NEW) {
        promise.tryFailure(new ConnectionPendingException());
        return;
      }
      if (!(remote instanceof TunnelPeer tunnel)) {
        promise.tryFailure(new UnsupportedAddressTypeException());
        return;
      }
      peer = tunnel;
      connecting = promise;
      limit(promise, tunnel);
      promise.addListener(
          done -> {
            if (done.isCancelled()) {
              close(voidPromise());
            }
          });
      dial(tunnel.address());
    }

    private void limit(ChannelPromise promise, TunnelPeer tunnel) {
      int limit = config.getConnectTimeoutMillis();
      if (limit > 0) {
        connectTimeout =
            eventLoop()
                .schedule(
                    () -> {
                      if (promise.tryFailure(
                          new ConnectTimeoutException(
                              "connection timed out after " + limit + " ms: " + tunnel))) {
                        close(voidPromise());
                      }
                    },
                    limit,
                    TimeUnit.MILLISECONDS);
      }
    }

    /** Writes on when there is room again. */
    void flushAgain() {
      flush0();
    }
  }

  private void dial(TunnelAddress address) {
    ContextInternal context =
        ((VertxInternal) address.vertx()).contextBuilder().withEventLoop(eventLoop()).build();
    context.runOnContext(
        v -> {
          Future<Duplex> dialled;
          try {
            dialled = address.dialer().dial(address.target());
          } catch (RuntimeException e) {
            dialled = Future.failedFuture(e);
          }
          dialled.onComplete(result -> onEventLoop(() -> dialled(result)));
        });
  }

  private void dialled(AsyncResult<Duplex> result) {
    ChannelPromise promise = connecting;
    connectionAttemptOver();
    if (promise == null || promise.isDone() || !isOpen()) {
      // Nobody waits any more.
      if (result.succeeded()) {
        Farewell.reset(result.result());
      }
      return;
    }
    if (result.failed()) {
      promise.tryFailure(result.cause());
      closeNow();
      return;
    }
    connection = result.result();
    state = State.CONNECTED;
    connection.drainHandler(v -> flushAgain());
    connection.closed().onComplete(done -> onEventLoop(this::connectionGone));
    input.take(connection);
    boolean wanted = promise.trySuccess();
    pipeline().fireChannelActive();
    if (!wanted) {
      closeNow();
    }
  }

  private void connectionAttemptOver() {
    connecting = null;
    if (connectTimeout != null) {
      connectTimeout.cancel(false);
      connectTimeout = null;
    }
  }

  /** Tells the pipeline that nothing more comes; called once. */
  void inputEnded(Throwable failure) {
    if (failure != null) {
      pipeline().fireExceptionCaught(failure);
      closeNow();
      return;
    }
    if (config.allowsHalfClosure()) {
      inputShutdown = true;
      pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
    if (!config.allowsHalfClosure() || connectionGone) {
      closeNow();
    }
  }

  /** Closes past the pipeline, whose handlers would have something to say first. */
  private void closeNow() {
    unsafe().close(unsafe().voidPromise());
  }

  /** Both ways are broken when one is; what came before is still to be read. */
  private void outputFailed(Throwable failure) {
    connectionGone = true;
    input.ended(failure);
    if (input.isOver()) {
      closeNow();
    }
  }

  private void connectionGone() {
    if (isOpen()) {
      connectionGone = true;
      input.lost();
      flushAgain();
      if (input.isOver()) {
        closeNow();
      }
    }
  }

  private void flushAgain() {
    onEventLoop(() -> ((TunnelUnsafe) unsafe()).flushAgain());
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer flushed) throws Exception {
    if (connectionGone) {
      throw new IOException("the connection has ended");
    }
    // When it is full, the drain handler comes here again.
    Duplex to = connection;
    while (!to.writeQueueFull()) {
      Future<Void> written = output.writeNext(flushed, to);
      if (written == null) {
        return;
      }
      written.onFailure(writeFailed);
    }
    to.drainHandler(v -> flushAgain());
  }

  @Override
  protected Object filterOutboundMessage(Object message) {
    if (message instanceof ByteBuf) {
      return message;
    }
    throw new UnsupportedOperationException(
        "only bytes can be sent, not " + message.getClass().getName());
  }

  @Override
  protected void doBeginRead() {
    input.read();
  }

  @Override
  protected void doClose() {
    state = State.CLOSED;
    ChannelPromise promise = connecting;
    connectionAttemptOver();
    if (promise != null) {
      promise.tryFailure(new ClosedChannelException());
    }
    input.drop();
    Duplex open = connection;
    if (open != null) {
      connection = null;
      if (config.breaksOff()) {
        Farewell.reset(open);
      } else {
        Farewell.say(open, eventLoop());
      }
    }
  }

  @Override
  protected void doShutdownOutput() {
    outputShutdown = true;
    if (connection != null) {
      connection.end().onFailure(writeFailed);
    }
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new TunnelUnsafe();
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  @Override
  protected SocketAddress localAddress0() {
    return null;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return peer;
  }

  @Override
  protected void doBind(SocketAddress local) {
    throw new UnsupportedOperationException("a tunnel has no address here");
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  public TunnelChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return state != State.CLOSED;
  }

  @Override
  public boolean isActive() {
    return state == State.CONNECTED;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  public boolean isInputShutdown() {
    return inputShutdown || !isActive();
  }

  @Override
  public boolean isOutputShutdown() {
    return outputShutdown || !isActive();
  }

  @Override
  public boolean isShutdown() {
    return isInputShutdown() && isOutputShutdown();
  }

  @Override
  public ChannelFuture shutdownInput() {
    return shutdownInput(newPromise());
  }

  @Override
  public ChannelFuture shutdownInput(ChannelPromise promise) {
    onEventLoop(
        () -> {
          inputShutdown = true;
          input.drop();
          promise.setSuccess();
        });
    return promise;
  }

  @Override
  public ChannelFuture shutdownOutput() {
    return shutdownOutput(newPromise());
  }

  @Override
  public ChannelFuture shutdownOutput(ChannelPromise promise) {
    onEventLoop(() -> ((TunnelUnsafe) unsafe()).shutdownOutput(promise));
    return promise;
  }

  @Override
  public ChannelFuture shutdown() {
    return shutdown(newPromise());
  }

  @Override
  public ChannelFuture shutdown(ChannelPromise promise) {
    shutdownInput(newPromise()).addListener(done -> shutdownOutput(promise));
    return promise;
  }
}
