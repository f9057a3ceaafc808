package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.netty.NettyIoAcceptor;
import org.apache.sshd.server.SshServer;
import org.junit.jupiter.api.Test;

class AnswerLimitTest {
  private static final int MOST = 1000;

  /** A client that takes nothing until it is let. */
  private static final class Client extends ChannelOutboundHandlerAdapter {
    private final Queue<ChannelPromise> waiting = new ArrayDeque<>();

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      ((ByteBuf) message).release();
      waiting.add(promise);
    }

    boolean take() {
      var next = waiting.poll();
      return next != null && next.trySuccess();
    }
  }

  private static final class Nothing implements IoHandler {
    @Override
    public void sessionCreated(IoSession session) {}

    @Override
    public void sessionClosed(IoSession session) {}

    @Override
    public void exceptionCaught(IoSession session, Throwable cause) {}

    @Override
    public void messageReceived(IoSession session, Readable message) {}
  }

  @Test
  void aClientThatTakesNoAnswersIsReadNoFurtherUntilItDoes() {
    var loops = new EmbeddedChannel().eventLoop();
    var factory = new AnswerLimit(loops, MOST).create(new SshServer());
    var handler = new Nothing();
    var acceptor = (NettyIoAcceptor) factory.createAcceptor(handler);
    var connection = new AnswerLimit.Connection(acceptor, handler, null, MOST);
    var client = new Client();
    var channel = new EmbeddedChannel(client, connection.handler());
    for (var i = 1; i < MOST; i++) {
      connection.writeBuffer(new ByteArrayBuffer(new byte[1]));
    }
    assertThat(channel.config().isAutoRead()).isTrue();
    connection.writeBuffer(new ByteArrayBuffer(new byte[1]));
    assertThat(channel.config().isAutoRead()).isFalse();
    var taken = 0;
    while (!channel.config().isAutoRead()) {
      assertThat(client.take()).isTrue();
      channel.runPendingTasks();
      taken++;
    }
    assertThat(taken).isEqualTo(MOST / 2);
    var _ = channel.close();
  }
}
