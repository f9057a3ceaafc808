package io.hubspoke.sshd;

import io.hubspoke.runtime.Component;
import io.hubspoke.sshd.Forwarding.ProhibitedException;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.DuplexJoin;
import io.hubspoke.tunnel.ssh.ChannelDuplex;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.server.channel.AbstractServerChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that a client asked for (RFC 4254 section 7.2). MINA's own ends both ways when one
 * does, and makes a thread pool for each.
 */
final class ForwardedChannel extends AbstractServerChannel {
  private static final Logger LOG = LoggerFactory.getLogger(ForwardedChannel.class);

  private final Forwarding forwarding;
  private final AtomicBoolean counted = new AtomicBoolean();
  private volatile ChannelDuplex duplex;

  ForwardedChannel(Forwarding forwarding) {
    super(null);
    this.forwarding = forwarding;
  }

  @Override
  protected OpenFuture doInit(Buffer message) {
    String host = message.getString();
    int port = message.getInt();
    OpenFuture opening = new DefaultOpenFuture(this, this);
    if (!forwarding.enter(getSession())) {
      refuse(SshConstants.SSH_OPEN_RESOURCE_SHORTAGE, "too many connections");
      return opening;
    }
    counted.set(true);
    forwarding
        .connect(host, port)
        .onSuccess(target -> connected(target, opening))
        .onFailure(failure -> failed(host, port, failure));
    return opening;
  }

  /** Called on the target's event loop. */
  private void connected(Duplex target, OpenFuture opening) {
    duplex = new ChannelDuplex(forwarding.context(), this, this::sendEof);
    if (isClosing()) {
      // Its client has gone meanwhile.
      duplex.closed(new IOException("the channel was closed"));
      target.reset().otherwiseEmpty();
      return;
    }
    try {
      // Sends the confirmation.
      signalChannelOpenSuccess();
      opening.setOpened();
    } catch (Throwable closing) {
      target.reset().otherwiseEmpty();
      close(true);
      return;
    }
    DuplexJoin.join(duplex, target).otherwiseEmpty();
    // A target that reads no more would keep the join from seeing that the client has gone.
    duplex.closed().onFailure(gone -> target.reset().otherwiseEmpty());
  }

  private void failed(String host, int port, Throwable failure) {
    String why = Component.reason(failure);
    LOG.info("{}: no connection to {}:{}: {}", getSession().getRemoteAddress(), host, port, why);
    switch (failure) {
      case ProhibitedException prohibited ->
          refuse(SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, why);
      case UnknownHostException unknown ->
          refuse(SshConstants.SSH_OPEN_CONNECT_FAILED, "unknown host");
      default -> refuse(SshConstants.SSH_OPEN_CONNECT_FAILED, why);
    }
  }

  /** MINA's own answer, for which its future would have to fail, doesn't say why. */
  private void refuse(int code, String why) {
    Session session = getSession();
    Buffer answer =
        session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN_FAILURE, why.length() * 3 + 32);
    answer.putUInt(getRecipient());
    answer.putUInt(code);
    answer.putString(why);
    answer.putString("");
    try {
      session.writePacket(answer);
    } catch (IOException closing) {
      LOG.debug("{}: {}", session.getRemoteAddress(), closing.getMessage());
    }
    var _ = close(true);
  }

  @Override
  public void handleWindowAdjust(Buffer message) throws IOException {
    super.handleWindowAdjust(message);
    ChannelDuplex open = duplex;
    if (open != null) {
      open.windowExpanded();
    }
  }

  @Override
  protected void doWriteData(byte[] data, int offset, long length) throws IOException {
    opened().received(data, offset, Math.toIntExact(length));
  }

  @Override
  protected void doWriteExtendedData(byte[] data, int offset, long length) throws IOException {
    throw new IOException("a forwarded connection has no second stream");
  }

  @Override
  public void handleEof() throws IOException {
    super.handleEof();
    opened().endOfFile();
  }

  private ChannelDuplex opened() throws IOException {
    ChannelDuplex open = duplex;
    if (open == null) {
      throw new IOException("data of a channel that is not open");
    }
    return open;
  }

  @Override
  public void handleClose() throws IOException {
    ChannelDuplex open = duplex;
    if (open != null) {
      open.closed(new IOException("the connection was reset by the client"));
    }
    super.handleClose();
  }

  @Override
  protected void preClose() {
    if (counted.compareAndSet(true, false)) {
      forwarding.leave(getSession());
    }
    ChannelDuplex open = duplex;
    if (open != null) {
      open.closed(new IOException("the client has gone"));
    }
    super.preClose();
  }
}
