package io.hubspoke.tunnel.konnectivity;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.util.List;

/**
 * Reads the head of one HTTP/1 message off a socket and then gets out of the way: what follows is
 * the socket's again. An ordinary HTTP end would take what follows for a message too.
 */
final class HttpHead extends ByteToMessageDecoder {
  /** More than any head that leads to a tunnel has. */
  private static final int MAX_LENGTH = 16 << 10;

  private final Promise<String> head = Promise.promise();
  private int searched;

  private HttpHead() {}

  /**
   * Reads a head before anything else is read.
   *
   * @param before the name of the handler that gets what follows
   * @return the head, its lines ended by CR LF, without the empty one; fails when the connection
   *     ends before it does, or when it is too long
   */
  static Future<String> read(Channel channel, String before) {
    var reader = new HttpHead();
    channel.pipeline().addBefore(before, "head", reader);
    return reader.head.future();
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
    if (head.future().isComplete()) {
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
        context.pipeline().remove(this);
        head.tryComplete(text);
        return;
      }
    }
    searched = Math.max(0, in.readableBytes());
    if (in.readableBytes() > MAX_LENGTH) {
      head.tryFail(new IOException("the head is longer than " + MAX_LENGTH + " bytes"));
      in.skipBytes(in.readableBytes());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    head.tryFail(new IOException("the connection ended before a head had come"));
    super.channelInactive(context);
  }
}
