package io.hubspoke.tunnel.konnectivity;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.net.NetSocketInternal;
import java.io.IOException;
import java.util.List;

/**
 * Reads the head of one HTTP/1 message off a socket and then gets out of the way: what follows is
 * the tunnel's. An ordinary HTTP end would take what follows for a message too.
 */
public final class HttpHead extends ByteToMessageDecoder {
  /** More than any head that leads to a tunnel has. */
  private static final int MAX_LENGTH = 16 << 10;

  private static final String NAME = "head";

  private final NetSocketInternal socket;
  private final Promise<Opening> opening = Promise.promise();
  private int searched;

  /**
   * How a tunnel begins.
   *
   * @param head its lines ended by CR LF, without the empty one
   * @param rest what follows it, paused
   */
  public record Opening(String head, ProxiedSocket rest) {}

  private HttpHead(NetSocketInternal socket) {
    this.socket = socket;
  }

  /**
   * Reads a head; called on the socket's event loop before anything is read.
   *
   * @return fails when the connection ends before the head does, or when it is too long
   */
  public static Future<Opening> read(NetSocketInternal socket) {
    var reader = new HttpHead(socket);
    socket.channelHandlerContext().pipeline().addBefore("handler", NAME, reader);
    return reader.opening.future();
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    if (opening.future().isComplete()) {
      in.skipBytes(in.readableBytes());
      return;
    }
    int from = in.readerIndex();
    for (int i = Math.max(from + searched, from + 3); i < in.writerIndex(); i++) {
      if (in.getByte(i) == '\n'
          && in.getByte(i - 1) == '\r'
          && in.getByte(i - 2) == '\n'
          && in.getByte(i - 3) == '\r') {
        String text = in.readCharSequence(i - 1 - from, ISO_8859_1).toString();
        in.skipBytes(2);
        var rest = ProxiedSocket.after(NAME, socket);
        // What it has read and not taken goes there.
        context.pipeline().remove(this);
        opening.tryComplete(new Opening(text, rest));
        return;
      }
    }
    searched = Math.max(0, in.readableBytes());
    if (in.readableBytes() > MAX_LENGTH) {
      opening.tryFail(new IOException("the head is longer than " + MAX_LENGTH + " bytes"));
      in.skipBytes(in.readableBytes());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    opening.tryFail(new IOException("the connection ended before a head had come"));
    super.channelInactive(context);
  }
}
