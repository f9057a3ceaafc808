package io.hubspoke.tunnel.ssh;

import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.net.ConnectException;
import org.apache.sshd.client.channel.AbstractClientChannel;
import org.apache.sshd.client.future.DefaultOpenFuture;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.exception.SshChannelOpenException;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;

/** Asks the far end to connect to a target, and carries the bytes (RFC 4254 section 7.2). */
final class DirectTcpipChannel extends AbstractClientChannel {
  private final ContextInternal context;
  private final String tunnel;
  private final Target target;
  private final Promise<Duplex> result;
  private ChannelDuplex duplex;

  DirectTcpipChannel(ContextInternal context, String tunnel, Target target) {
    super("direct-tcpip");
    this.context = context;
    this.tunnel = tunnel;
    this.target = target;
    this.result = context.promise();
  }

  Future<Duplex> result() {
    return result.future();
  }

  /** Waits no longer: should the far end still connect, it may close again. */
  void giveUp(IOException reason) {
    result.tryFail(reason);
  }

  @Override
  public synchronized OpenFuture open() throws IOException {
    openFuture = new DefaultOpenFuture(this, futureLock);
    openFuture.addListener(
        done -> {
          if (done.getException() != null) {
            result.tryFail(refused(done.getException()));
          }
        });
    Session session = getSession();
    Buffer message =
        session.createBuffer(SshConstants.SSH_MSG_CHANNEL_OPEN, target.host().length() + 64);
    message.putString(getChannelType());
    message.putUInt(getChannelId());
    message.putUInt(getLocalWindow().getSize());
    message.putUInt(getLocalWindow().getPacketSize());
    message.putString(target.host());
    message.putUInt(target.port());
    // Where the connection comes from is nobody's business there.
    message.putString("127.0.0.1");
    message.putUInt(0);
    session.writePacket(message);
    return openFuture;
  }

  @Override
  protected void doOpen() {
    duplex = new ChannelDuplex(context, this, this::sendEof);
    if (!result.tryComplete(duplex)) {
      duplex.reset().otherwiseEmpty();
    }
  }

  private IOException refused(Throwable failure) {
    if (!(failure instanceof SshChannelOpenException refusal)) {
      return new TunnelDownException(tunnel, failure.getMessage());
    }
    String to = target.authority();
    String said = refusal.getMessage() == null ? "" : ": " + refusal.getMessage();
    return switch (refusal.getReasonCode()) {
      case SshConstants.SSH_OPEN_ADMINISTRATIVELY_PROHIBITED ->
          new IOException(tunnel + ": connections to " + to + " are prohibited there" + said);
      case SshConstants.SSH_OPEN_CONNECT_FAILED ->
          new ConnectException(tunnel + ": " + to + " could not be connected to" + said);
      case SshConstants.SSH_OPEN_RESOURCE_SHORTAGE ->
          new IOException(tunnel + ": too many connections, none to " + to + said);
      default -> new IOException(tunnel + ": no connection to " + to + said);
    };
  }

  @Override
  public void handleWindowAdjust(Buffer message) throws IOException {
    super.handleWindowAdjust(message);
    if (duplex != null) {
      duplex.windowExpanded();
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
    if (duplex == null) {
      throw new IOException("data of a channel that is not open");
    }
    return duplex;
  }

  @Override
  public void handleClose() throws IOException {
    opened().closed(new IOException("the connection was reset by the far end"));
    super.handleClose();
  }

  @Override
  protected void preClose() {
    TunnelDownException lost = new TunnelDownException(tunnel, "the connection was lost");
    result.tryFail(lost);
    if (duplex != null) {
      duplex.closed(lost);
    }
    super.preClose();
  }
}
