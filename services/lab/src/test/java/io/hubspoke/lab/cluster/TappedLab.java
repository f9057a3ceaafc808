package io.hubspoke.lab.cluster;

import io.hubspoke.runtime.Component;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryContext;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The first member of a lab cluster, all of whose messages are kept, and both of whose ports are
 * found at another address, where somebody with a member's key reads along.
 */
public final class TappedLab {
  private static final String MEMBER = "127.0.97.1";
  private static final String TAP = "127.0.97.2";

  private final Vertx vertx = Component.vertx();
  private final Queue<String> messages = new ConcurrentLinkedQueue<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final LabCluster cluster;
  private final List<NetServer> servers = new ArrayList<>();
  private final NetClient client;

  public TappedLab(LabKeys keys) throws Exception {
    client =
        vertx.createNetClient(
            new NetClientOptions(keys.eventBus().toJson()).setHostnameVerificationAlgorithm(""));
    for (var port : List.of(LabAddress.PORT, LabAddress.PORT + 1)) {
      var options = new NetServerOptions(keys.eventBus().toJson());
      servers.add(
          Component.await(
              vertx
                  .createNetServer(options)
                  .connectHandler(socket -> relay(socket, port))
                  .listen(port, TAP)));
    }
    cluster =
        LabCluster.start(
            new LabCluster.Ports(at(MEMBER), at(TAP), LabAddress.PORT + 1), null, keys);
    cluster
        .bus()
        // What comes from elsewhere is decoded when it is first asked for, and only the message
        // does.
        .addInboundInterceptor(received -> keep(received, received.message().body()))
        .addOutboundInterceptor(sent -> keep(sent, sent.body()));
  }

  private static InetSocketAddress at(String address) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), LabAddress.PORT);
  }

  private void keep(DeliveryContext<Object> message, Object content) {
    if (content instanceof ReplyException) {
      // Of an order to who has gone: made here, sent to nobody.
      message.next();
      return;
    }
    messages.add(
        message.message().address()
            + " "
            + message.message().headers()
            + " "
            + (content instanceof Buffer body ? body.toString() : "not bytes: " + content));
    message.next();
  }

  private void relay(NetSocket opener, int port) {
    opener.pause();
    client
        .connect(port, MEMBER)
        .onSuccess(
            target -> {
              pass(opener, target);
              pass(target, opener);
              opener.resume();
            })
        .onFailure(e -> opener.close());
  }

  private void pass(NetSocket from, NetSocket to) {
    from.handler(
        piece -> {
          bytes.writeBytes(piece.getBytes());
          to.write(piece);
        });
    from.closeHandler(v -> to.close());
  }

  public LabCluster cluster() {
    return cluster;
  }

  /** Where others are told to join. */
  public LabAddress address() {
    return new LabAddress(TAP, LabAddress.PORT);
  }

  /** Where the member itself listens. */
  public LabAddress member() {
    return new LabAddress(MEMBER, LabAddress.PORT);
  }

  /** Returns each message that was sent or received: its address, headers and body. */
  public List<String> messages() {
    return List.copyOf(messages);
  }

  /** Returns all that passed both ports, in the clear. */
  public String bytes() {
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  public void close() throws Exception {
    cluster.close();
    Component.await(vertx.close());
  }
}
