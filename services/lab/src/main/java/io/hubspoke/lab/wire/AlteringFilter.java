package io.hubspoke.lab.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads the plain traffic of one intercepted connection and alters what comes back. */
final class AlteringFilter implements Relay.Filter {
  private final Interception interception;
  private final Alteration alteration;
  private byte[] heldBack = {};
  private boolean answered;

  AlteringFilter(Interception interception, Alteration alteration) {
    this.interception = interception;
    this.alteration = alteration;
  }

  @Override
  public ByteBuf pass(Direction direction, ByteBuf bytes) {
    interception.saw(direction, bytes);
    if (direction == Direction.OUTBOUND) {
      return bytes;
    }
    return switch (alteration) {
      case Alteration.None _ -> bytes;
      case Alteration.Replace(var text, var by) -> replace(bytes, utf8(text), utf8(by));
      case Alteration.Answer(var body) -> answer(bytes, utf8(body));
      case Alteration.Impersonate _ -> forged(bytes);
    };
  }

  @Override
  public ByteBuf end(Direction direction) {
    var rest = direction == Direction.INBOUND ? heldBack : new byte[0];
    heldBack = new byte[0];
    return Unpooled.wrappedBuffer(rest);
  }

  /** All that comes from an impostor is the interceptor's own word. */
  private ByteBuf forged(ByteBuf bytes) {
    if (!answered) {
      answered = true;
      interception.altered();
    }
    return bytes;
  }

  private ByteBuf replace(ByteBuf bytes, byte[] text, byte[] by) {
    var all = Arrays.copyOf(heldBack, heldBack.length + bytes.readableBytes());
    bytes.readBytes(all, heldBack.length, bytes.readableBytes());
    bytes.release();
    var i = 0;
    while (i < all.length) {
      var matched = matching(all, i, text);
      if (matched == text.length) {
        System.arraycopy(by, 0, all, i, by.length);
        interception.altered();
        i += text.length;
      } else if (matched == all.length - i) {
        break; // what follows may complete the text
      } else {
        i++;
      }
    }
    heldBack = Arrays.copyOfRange(all, i, all.length);
    return Unpooled.wrappedBuffer(all, 0, i);
  }

  private static int matching(byte[] bytes, int from, byte[] text) {
    var n = 0;
    while (n < text.length && from + n < bytes.length && bytes[from + n] == text[n]) {
      n++;
    }
    return n;
  }

  private ByteBuf answer(ByteBuf bytes, byte[] body) {
    bytes.release();
    if (answered) {
      return Unpooled.EMPTY_BUFFER;
    }
    answered = true;
    interception.altered();
    var head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            .formatted(body.length);
    return Unpooled.wrappedBuffer(utf8(head), body);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
