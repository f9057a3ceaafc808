package io.hubspoke.streams.websocket;

import static io.hubspoke.streams.websocket.WebSocketException.protocolError;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads frames (RFC 6455, section 5) and passes the payload of data frames on as it arrives;
 * nothing but headers and control frames is kept.
 */
final class FrameReader {
  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  /** The most that a control frame carries (RFC 6455, 5.5). */
  static final int MAX_CONTROL = 125;

  /** A close frame without a code (RFC 6455, 7.1.5). */
  static final int NO_CODE = 1005;

  private static final int MAX_HEADER = 14;

  /** What is told of what was read. */
  interface Sink {
    /**
     * Takes a piece of a message, and with it the buffer.
     *
     * @param first whether the message begins here
     * @param last whether it ends here
     */
    void data(boolean first, boolean last, ByteBuf payload);

    void ping(byte[] payload);

    void pong(byte[] payload);

    /** Called once: nothing after a close frame is read. */
    void close(int code, String reason);
  }

  private final boolean masked;
  private final Sink sink;
  private final byte[] header = new byte[MAX_HEADER];
  private int headerLength;
  private int headerNeeded = 2;
  private boolean inPayload;
  private boolean fin;
  private int opcode;
  private long remaining;
  private int mask;
  private boolean inMessage;
  private boolean begun;
  private byte[] control;
  private int controlLength;
  private boolean closed;

  /**
   * Makes a reader of one end.
   *
   * @param masked whether the peer is a client, whose frames have to be masked; a server's must not
   */
  FrameReader(boolean masked, Sink sink) {
    this.masked = masked;
    this.sink = sink;
  }

  /**
   * Reads all of the buffer, whose bytes it changes; the caller releases it.
   *
   * @throws WebSocketException when the peer broke the protocol; nothing can be read thereafter
   */
  void read(ByteBuf in) {
    while (!closed) {
      if (inPayload) {
        if (remaining > 0 && !in.isReadable()) {
          return;
        }
        payload(in);
      } else if (in.isReadable()) {
        header(in);
      } else {
        return;
      }
    }
    in.skipBytes(in.readableBytes());
  }

  private void header(ByteBuf in) {
    int count = Math.min(headerNeeded - headerLength, in.readableBytes());
    in.readBytes(header, headerLength, count);
    headerLength += count;
    if (headerLength < headerNeeded) {
      return;
    }
    if (headerNeeded == 2) {
      int length = start();
      headerNeeded = 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (masked ? 4 : 0);
      if (headerLength < headerNeeded) {
        return;
      }
    }
    finishHeader();
  }

  /** Checks the first two bytes, and returns the length as they give it. */
  private int start() {
    fin = (header[0] & 0x80) != 0;
    opcode = header[0] & 0x0f;
    if ((header[0] & 0x70) != 0) {
      throw protocolError("reserved bits are set, and no extension was agreed");
    }
    if (((header[1] & 0x80) != 0) != masked) {
      throw protocolError(masked ? "a client's frame is not masked" : "a server's frame is masked");
    }
    int length = header[1] & 0x7f;
    switch (opcode) {
      case CONTINUATION -> {
        if (!inMessage) {
          throw protocolError("a continuation of no message");
        }
      }
      case TEXT, BINARY -> {
        if (inMessage) {
          throw protocolError("a message begins within another");
        }
      }
      case CLOSE, PING, PONG -> {
        if (!fin || length > MAX_CONTROL) {
          throw protocolError("a control frame is fragmented or longer than 125 bytes");
        }
      }
      default -> throw protocolError("unknown opcode " + opcode);
    }
    return length;
  }

  private void finishHeader() {
    ByteBuffer bytes = ByteBuffer.wrap(header, 2, headerLength - 2);
    int length = header[1] & 0x7f;
    remaining =
        switch (length) {
          case 126 -> bytes.getShort() & 0xffff;
          case 127 -> bytes.getLong();
          default -> length;
        };
    if (remaining < 0
        || (length == 126 && remaining < 126)
        || (length == 127 && remaining < 65536)) {
      throw protocolError("a length is not in its shortest form, or above 2^63");
    }
    mask = masked ? bytes.getInt() : 0;
    headerLength = 0;
    headerNeeded = 2;
    inPayload = true;
    if (opcode >= CLOSE) {
      control = new byte[(int) remaining];
      controlLength = 0;
    } else if (opcode != CONTINUATION) {
      inMessage = true;
      begun = false;
    }
  }

  private void payload(ByteBuf in) {
    int count = (int) Math.min(remaining, in.readableBytes());
    unmask(in, in.readerIndex(), count);
    remaining -= count;
    boolean whole = remaining == 0;
    inPayload = !whole;
    if (opcode >= CLOSE) {
      in.readBytes(control, controlLength, count);
      controlLength += count;
      if (whole) {
        control();
      }
      return;
    }
    boolean last = whole && fin;
    boolean first = !begun;
    begun = true;
    inMessage = !last;
    if (count > 0 || first || last) {
      sink.data(first, last, in.readRetainedSlice(count));
    }
  }

  private void control() {
    byte[] payload = control;
    control = null;
    switch (opcode) {
      case PING -> sink.ping(payload);
      case PONG -> sink.pong(payload);
      default -> {
        closed = true;
        close(payload);
      }
    }
  }

  private void close(byte[] payload) {
    if (payload.length == 0) {
      sink.close(NO_CODE, "");
      return;
    }
    int code = payload.length == 1 ? 0 : ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
    // RFC 6455, 7.4: what is defined and may be sent, and what libraries and applications define.
    if (code < 1000
        || (code >= 1004 && code <= 1006)
        || (code > 1014 && code < 3000)
        || code > 4999) {
      throw protocolError("close code " + code);
    }
    String reason;
    try {
      reason =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(Arrays.copyOfRange(payload, 2, payload.length)))
              .toString();
    } catch (CharacterCodingException e) {
      throw new WebSocketException(
          WebSocketException.INVALID_PAYLOAD, "the reason of a close is not UTF-8");
    }
    sink.close(code, reason);
  }

  /** Applies the mask from where it stands, and turns it to where it will stand. */
  private void unmask(ByteBuf in, int from, int count) {
    if (mask == 0) {
      return;
    }
    xor(in, from, count, mask);
    mask = Integer.rotateLeft(mask, (count & 3) * 8);
  }

  /** Masks or unmasks bytes in place (RFC 6455, 5.3). */
  static void xor(ByteBuf buffer, int from, int count, int mask) {
    long wide = ((long) mask << 32) | (mask & 0xffffffffL);
    int at = from;
    int end = from + count;
    for (; at + 8 <= end; at += 8) {
      buffer.setLong(at, buffer.getLong(at) ^ wide);
    }
    for (int i = 0; at < end; at++, i++) {
      buffer.setByte(at, buffer.getByte(at) ^ (mask >>> (24 - (i & 3) * 8)));
    }
  }
}
