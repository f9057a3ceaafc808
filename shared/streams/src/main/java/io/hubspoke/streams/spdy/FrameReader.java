package io.hubspoke.streams.spdy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Finds the frames in a connection's bytes (SPDY/3.1, 2.2), however those are cut. What a data
 * frame carries is passed on as it comes: Netty's decoder collects a whole chunk first, which
 * copies all of it.
 */
final class FrameReader {
  static final int SYN_STREAM = 1;
  static final int SYN_REPLY = 2;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int HEADERS = 8;
  static final int WINDOW_UPDATE = 9;

  static final int VERSION = 3;
  static final int FIN = 1;

  /** Control frames are small; the largest are those with headers. */
  static final int MAX_CONTROL = 16 << 10;

  /** Takes the frames. A frame that breaks the protocol is reported by an exception. */
  interface Handler {

    /**
     * A part of a data frame.
     *
     * @param data what is not retained is gone after the call
     * @param fin the stream's last one
     */
    void data(int stream, ByteBuf data, boolean fin) throws SpdyException;

    void control(int type, int flags, ByteBuf payload) throws SpdyException;
  }

  private final Handler handler;
  private final byte[] head = new byte[8];
  private int headLength;

  /** The frame under way; -1 for none, 0 for data. */
  private int type = -1;

  private int flags;
  private int stream;
  private int remaining;
  private ByteBuf control;

  FrameReader(Handler handler) {
    this.handler = handler;
  }

  /** Reads all of it; the caller keeps owning the buffer. */
  void read(ByteBuf bytes) throws SpdyException {
    while (bytes.isReadable()) {
      if (type < 0 && !readHead(bytes)) {
        return;
      }
      if (type == 0) {
        readData(bytes);
      } else {
        readControl(bytes);
      }
    }
  }

  /** Lets go of what is half read. */
  void close() {
    if (control != null) {
      control.release();
      control = null;
    }
  }

  private boolean readHead(ByteBuf bytes) throws SpdyException {
    int n = Math.min(head.length - headLength, bytes.readableBytes());
    bytes.readBytes(head, headLength, n);
    headLength += n;
    if (headLength < head.length) {
      return false;
    }
    headLength = 0;
    int first = word(0);
    flags = head[4] & 0xff;
    remaining = word(4) & 0xffffff;
    if (first < 0) {
      int version = (first >>> 16) & 0x7fff;
      if (version != VERSION) {
        throw new SpdyException("a frame of SPDY version " + version);
      }
      begin(first & 0xffff);
    } else {
      type = 0;
      stream = first;
    }
    return true;
  }

  private void begin(int controlType) throws SpdyException {
    if (controlType == 0) {
      throw new SpdyException("a control frame of type 0");
    }
    type = controlType;
    boolean known = type <= WINDOW_UPDATE;
    if (known && remaining > MAX_CONTROL) {
      throw new SpdyException(
          "a control frame of " + remaining + " bytes, at most " + MAX_CONTROL + " are read");
    }
    // A frame of an unknown type is skipped (2.2.1), however long.
    control = known ? Unpooled.buffer(remaining, MAX_CONTROL) : null;
  }

  private void readData(ByteBuf bytes) throws SpdyException {
    int n = Math.min(remaining, bytes.readableBytes());
    remaining -= n;
    boolean last = remaining == 0;
    if (last) {
      type = -1;
    }
    if (n > 0 || last) {
      handler.data(stream, bytes.readSlice(n), last && (flags & FIN) != 0);
    }
  }

  private void readControl(ByteBuf bytes) throws SpdyException {
    int n = Math.min(remaining, bytes.readableBytes());
    remaining -= n;
    if (control == null) {
      bytes.skipBytes(n);
    } else {
      bytes.readBytes(control, n);
    }
    if (remaining == 0) {
      endControl();
    }
  }

  private void endControl() throws SpdyException {
    int ended = type;
    ByteBuf payload = control;
    type = -1;
    control = null;
    if (payload != null) {
      try {
        handler.control(ended, flags, payload);
      } finally {
        payload.release();
      }
    }
  }

  private int word(int at) {
    return (head[at] & 0xff) << 24
        | (head[at + 1] & 0xff) << 16
        | (head[at + 2] & 0xff) << 8
        | (head[at + 3] & 0xff);
  }
}
