package io.hubspoke.streams.spdy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Reads the header blocks of one direction of a connection, which are one zlib stream. Between
 * blocks it keeps the text that later ones may refer to, not an inflater: that would be 40 KB for a
 * connection that idles. Every block ends with a flush to a byte boundary (2.6.10.1), so an
 * inflater that starts there with that text as its dictionary goes on where the last one ended.
 */
final class HeaderDecoder {
  /** Far above what streams of a kubelet have; bounds what a few hundred bytes can unpack to. */
  static final int MAX_UNPACKED = 32 << 10;

  private static final int WINDOW = 32 << 10;
  private static final int MAX_HEADERS = 100;

  private byte[] history;

  /**
   * Returns the headers by name in lower case; of several values the first.
   *
   * @throws SpdyException when it can't be unpacked, after which no later block can be, so that the
   *     connection has to end
   */
  Map<String, String> decode(byte[] block) throws SpdyException {
    return parse(ByteBuffer.wrap(inflate(block)));
  }

  private byte[] inflate(byte[] block) throws SpdyException {
    int start = history == null ? readZlibHeader(block) : 0;
    Inflater inflater = new Inflater(true);
    try {
      if (history.length > 0) {
        inflater.setDictionary(history);
      }
      inflater.setInput(block, start, block.length - start);
      byte[] unpacked = new byte[Math.max(256, 4 * block.length)];
      int length = 0;
      while (true) {
        int n = inflater.inflate(unpacked, length, unpacked.length - length);
        length += n;
        if (length < unpacked.length) {
          if (n == 0 && (inflater.needsInput() || inflater.finished())) {
            break;
          }
          if (n == 0) {
            throw new SpdyException("headers can't be unpacked");
          }
        } else if (length >= MAX_UNPACKED) {
          throw new SpdyException("headers of more than " + MAX_UNPACKED + " bytes");
        } else {
          unpacked = Arrays.copyOf(unpacked, 2 * length);
        }
      }
      if (inflater.finished()) {
        throw new SpdyException("the stream of headers has ended");
      }
      remember(unpacked, length);
      return Arrays.copyOf(unpacked, length);
    } catch (DataFormatException e) {
      throw new SpdyException("headers can't be unpacked: " + e.getMessage());
    } finally {
      inflater.end();
    }
  }

  /** Reads what a zlib stream begins with (RFC 1950, 2.2); returns where the data starts. */
  private int readZlibHeader(byte[] block) throws SpdyException {
    if (block.length < 2
        || (block[0] & 0x0f) != 8
        || ((block[0] << 8) + (block[1] & 0xff)) % 31 != 0) {
      throw new SpdyException("headers are not compressed as zlib does it");
    }
    if ((block[1] & 0x20) == 0) {
      history = new byte[0];
      return 2;
    }
    if (block.length < 6 || ByteBuffer.wrap(block).getInt(2) != HeaderDictionary.ID) {
      throw new SpdyException("headers are compressed with another dictionary");
    }
    history = HeaderDictionary.BYTES;
    return 6;
  }

  private void remember(byte[] unpacked, int length) {
    int kept = Math.min(history.length, WINDOW - Math.min(length, WINDOW));
    int added = Math.min(length, WINDOW);
    byte[] joined = new byte[kept + added];
    System.arraycopy(history, history.length - kept, joined, 0, kept);
    System.arraycopy(unpacked, length - added, joined, kept, added);
    history = joined;
  }

  /** Reads name/value pairs (2.6.10). */
  private static Map<String, String> parse(ByteBuffer block) throws SpdyException {
    int count = length(block);
    if (count > MAX_HEADERS) {
      throw new SpdyException("more than " + MAX_HEADERS + " headers");
    }
    Map<String, String> headers = LinkedHashMap.newLinkedHashMap(count);
    for (int i = 0; i < count; i++) {
      String name = text(block);
      String value = text(block);
      int end = value.indexOf('\0');
      if (name.isEmpty()
          || headers.put(name.toLowerCase(Locale.ROOT), end < 0 ? value : value.substring(0, end))
              != null) {
        throw new SpdyException("a header has no name, or comes twice");
      }
    }
    return headers;
  }

  private static String text(ByteBuffer block) throws SpdyException {
    int length = length(block);
    if (length > block.remaining()) {
      throw new SpdyException("headers end before they should");
    }
    byte[] text = new byte[length];
    block.get(text);
    return new String(text, UTF_8);
  }

  private static int length(ByteBuffer block) throws SpdyException {
    if (block.remaining() < 4) {
      throw new SpdyException("headers end before they should");
    }
    int length = block.getInt();
    if (length < 0) {
      throw new SpdyException("headers with a negative length");
    }
    return length;
  }
}
