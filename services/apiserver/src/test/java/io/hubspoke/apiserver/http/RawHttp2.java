package io.hubspoke.apiserver.http;

import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/** A TLS connection on which a test writes frames of HTTP/2 by hand (RFC 9113). */
public final class RawHttp2 implements AutoCloseable {
  public static final int DATA = 0;
  public static final int HEADERS = 1;
  public static final int RST_STREAM = 3;
  public static final int SETTINGS = 4;
  public static final int PING = 6;
  public static final int GO_AWAY = 7;
  public static final int WINDOW_UPDATE = 8;
  public static final int CONTINUATION = 9;

  public static final int END_STREAM = 1;
  public static final int END_HEADERS = 4;
  public static final int PRIORITY = 32;

  /** The statuses of HPACK's static table, from index 8 on (RFC 7541, appendix A). */
  private static final int[] STATUSES = {200, 204, 206, 304, 400, 404, 500};

  private final SSLSocket socket;
  private final OutputStream out;
  private final DataInputStream in;

  /** A frame that came. */
  public record Frame(int type, ByteBuffer payload) {}

  public RawHttp2(TestApiserver server, Identity identity) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        new KeyManager[] {new ReloadableKeys(identity)},
        new TrustManager[] {Tls.trust(List.of(server.ca.certificate()))},
        null);
    socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
    socket.setSoTimeout(20_000);
    var parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    out = new BufferedOutputStream(socket.getOutputStream(), 16_384);
    in = new DataInputStream(socket.getInputStream());
    out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    frame(SETTINGS, 0, 0, new byte[0]);
    flush();
  }

  public static RawHttp2 asAdmin(TestApiserver server) throws Exception {
    return new RawHttp2(
        server, server.ca.issueClient("admin", List.of("system:masters"), TestApiserver.VALIDITY));
  }

  public static byte[] get(String path) {
    return headers(":method", "GET", ":scheme", "https", ":path", path, ":authority", "x");
  }

  public static byte[] post(String path) {
    return headers(":method", "POST", ":scheme", "https", ":path", path, ":authority", "x");
  }

  /** Encodes names and values in turn, each as a literal that is not indexed (RFC 7541, 6.2.2). */
  public static byte[] headers(String... namesAndValues) {
    var block = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      block.write(0);
      literal(block, namesAndValues[i]);
      literal(block, namesAndValues[i + 1]);
    }
    return block.toByteArray();
  }

  private static void literal(ByteArrayOutputStream block, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length < 127) {
      block.write(bytes.length);
    } else {
      block.write(127);
      int rest = bytes.length - 127;
      while (rest >= 128) {
        block.write(rest % 128 + 128);
        rest /= 128;
      }
      block.write(rest);
    }
    block.writeBytes(bytes);
  }

  public void frame(int type, int flags, int stream, byte[] payload) throws IOException {
    out.write(
        ByteBuffer.allocate(9 + payload.length)
            .put((byte) (payload.length >> 16))
            .putShort((short) payload.length)
            .put((byte) type)
            .put((byte) flags)
            .putInt(stream)
            .put(payload)
            .array());
  }

  public void flush() throws IOException {
    out.flush();
  }

  public Frame next() throws IOException {
    int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    in.skipNBytes(4);
    byte[] payload = in.readNBytes(length);
    if (payload.length < length) {
      throw new EOFException("closed within a frame of type " + type);
    }
    int priority = type == HEADERS && (flags & PRIORITY) != 0 ? 5 : 0;
    return new Frame(type, ByteBuffer.wrap(payload, priority, length - priority));
  }

  /** Reads frames until one of a type comes, and returns its payload. */
  public ByteBuffer next(int wanted) throws IOException {
    while (true) {
      Frame frame = next();
      if (frame.type() == wanted) {
        return frame.payload();
      }
    }
  }

  /** Reads the status, which comes first, from a block of headers; it must not be Huffman-coded. */
  public static int status(ByteBuffer headers) {
    int first = headers.get() & 0xff;
    if (first >= 0x80) {
      return STATUSES[(first & 0x7f) - 8];
    }
    int name = first >= 0x40 ? first & 0x3f : first & 0x0f;
    if (name == 0) {
      headers.get(new byte[headers.get()]);
    }
    byte[] value = new byte[headers.get()];
    headers.get(value);
    return Integer.parseInt(new String(value, StandardCharsets.US_ASCII));
  }

  /** Reads until the server says goodbye or closes; fails when it does neither in time. */
  public void untilEnd() throws IOException {
    try {
      next(GO_AWAY);
    } catch (EOFException | SSLException | java.net.SocketException closed) {
      // As good as a goodbye.
    }
  }

  @Override
  public void close() throws IOException {
    try {
      socket.close();
    } catch (SSLException e) {
      // What the server sent meanwhile is of no interest.
    }
  }
}
