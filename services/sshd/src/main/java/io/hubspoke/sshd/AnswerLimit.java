package io.hubspoke.sshd;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceFactory;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.netty.NettyIoAcceptor;
import org.apache.sshd.netty.NettyIoServiceFactory;
import org.apache.sshd.netty.NettyIoServiceFactoryFactory;
import org.apache.sshd.netty.NettyIoSession;

/**
 * Reads no more of a client while too many messages wait for it to take them. Data has windows (RFC
 * 4254 section 5.2), but answers to requests have none, and a client may ask without end and read
 * nothing.
 */
final class AnswerLimit extends NettyIoServiceFactoryFactory {
  /** Messages that may wait: of the bulk of many channels there are far fewer. */
  static final int MOST = 1 << 16;

  private final int most;

  AnswerLimit(EventLoopGroup eventLoops, int most) {
    super(eventLoops);
    this.most = most;
  }

  @Override
  public IoServiceFactory create(FactoryManager manager) {
    var factory =
        new NettyIoServiceFactory(manager, eventLoopGroup) {
          @Override
          public IoAcceptor createAcceptor(IoHandler handler) {
            return new Acceptor(this, handler, most);
          }
        };
    factory.setIoServiceEventListener(manager.getIoServiceEventListener());
    return factory;
  }

  private static final class Acceptor extends NettyIoAcceptor {
    Acceptor(NettyIoServiceFactory factory, IoHandler handler, int most) {
      super(factory, handler);
      bootstrap.childHandler(
          new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
              var at = channel.parent().localAddress();
              channel
                  .pipeline()
                  .addLast(new Connection(Acceptor.this, handler, at, most).handler());
            }
          });
    }
  }

  /** One client's connection. */
  static final class Connection extends NettyIoSession {
    private final int most;
    private final AtomicInteger waiting = new AtomicInteger();

    Connection(NettyIoAcceptor acceptor, IoHandler handler, SocketAddress at, int most) {
      super(acceptor, handler, at);
      this.most = most;
    }

    ChannelHandler handler() {
      return adapter;
    }

    @Override
    public IoWriteFuture writeBuffer(Buffer buffer) {
      if (waiting.incrementAndGet() == most) {
        suspendRead();
      }
      IoWriteFuture written = super.writeBuffer(buffer);
      written.addListener(
          done -> {
            if (waiting.decrementAndGet() == most / 2) {
              resumeRead();
            }
          });
      return written;
    }
  }
}
