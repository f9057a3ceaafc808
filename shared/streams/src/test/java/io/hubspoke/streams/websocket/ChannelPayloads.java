package io.hubspoke.streams.websocket;

import io.hubspoke.streams.TerminalSizes;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Sizes and base64 are read whatever is sent and wherever it is cut, or refused. */
public final class ChannelPayloads {
  private ChannelPayloads() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    int cut = 1 + (input[0] & 0x3f);
    byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
    StringBuilder whole = new StringBuilder();
    StringBuilder pieces = new StringBuilder();
    sizes(bytes, Math.max(1, bytes.length), whole);
    sizes(bytes, cut, pieces);
    expect(whole.toString().contentEquals(pieces), whole + " in pieces are " + pieces);
    byte[] decoded = base64(bytes, Math.max(1, bytes.length));
    if (decoded != null) {
      expect(Arrays.equals(decoded, base64(bytes, cut)), "other bytes in pieces");
    }
  }

  private static void sizes(byte[] bytes, int cut, StringBuilder told) {
    TerminalSizes sizes =
        new TerminalSizes(
            size -> {
              expect(size.width() > 0 && size.width() < 65536, "width " + size.width());
              expect(size.height() > 0 && size.height() < 65536, "height " + size.height());
              told.append(size).append('\n');
            });
    for (int at = 0; at < bytes.length; at += cut) {
      sizes.handle(Buffer.buffer(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + cut))));
    }
  }

  private static byte[] base64(byte[] bytes, int cut) {
    var decoder = new ChannelConnection.Base64Decoder();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      for (int at = 0; at < bytes.length; at += cut) {
        int end = Math.min(bytes.length, at + cut);
        all.writeBytes(decoder.decode(Arrays.copyOfRange(bytes, at, end), end == bytes.length));
      }
    } catch (WebSocketException refused) {
      return null;
    }
    return all.toByteArray();
  }

  private static void expect(boolean holds, String about) {
    if (!holds) {
      throw new AssertionError(about);
    }
  }
}
