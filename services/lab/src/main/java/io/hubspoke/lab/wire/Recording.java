package io.hubspoke.lab.wire;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps the raw bytes that a tap saw, each connection and direction in its own stream, up to a
 * limit in total.
 *
 * <p>Beyond the limit bytes are counted and dropped: {@link #truncated()} then says that an absent
 * canary proves nothing.
 */
public final class Recording {
  private record Stream(long connection, Direction direction) {}

  /** A record of a handshake, and the major version. */
  private static final byte[] TLS = {0x16, 0x03};

  private static final byte[] SSH = "SSH-2.0-".getBytes(StandardCharsets.US_ASCII);

  private final int limit;
  private final Map<Stream, ByteArrayOutputStream> streams = new HashMap<>();
  private long kept;
  private long seen;

  /** Records up to {@code limit} bytes in total. */
  public Recording(int limit) {
    this.limit = limit;
  }

  synchronized void add(long connection, Direction direction, ByteBuf bytes) {
    var length = bytes.readableBytes();
    seen += length;
    var room = (int) Math.min(length, limit - kept);
    if (room <= 0) {
      return;
    }
    var copy = new byte[room];
    bytes.getBytes(bytes.readerIndex(), copy);
    streams
        .computeIfAbsent(new Stream(connection, direction), s -> new ByteArrayOutputStream())
        .writeBytes(copy);
    kept += room;
  }

  /** Returns what there is now, so that what is asked of it is asked of the same bytes. */
  public synchronized Recording snapshot() {
    var taken = new Recording(limit);
    streams.forEach(
        (stream, bytes) -> {
          var copy = new ByteArrayOutputStream(bytes.size());
          copy.writeBytes(bytes.toByteArray());
          taken.streams.put(stream, copy);
        });
    taken.kept = kept;
    taken.seen = seen;
    return taken;
  }

  /** The bytes that crossed the wire, kept or not. */
  public synchronized long bytesSeen() {
    return seen;
  }

  /** Whether bytes were dropped for lack of room. */
  public synchronized boolean truncated() {
    return seen > kept;
  }

  /** The number of connections of which bytes were kept. */
  public synchronized int connections() {
    return (int) streams.keySet().stream().mapToLong(Stream::connection).distinct().count();
  }

  /** The number of connections whose opener began with a TLS handshake record (RFC 8446, 5.1). */
  public int tlsConnections() {
    return connectionsThatBegin(TLS);
  }

  /** The number of connections whose opener said that it speaks SSH 2 (RFC 4253, 4.2). */
  public int sshConnections() {
    return connectionsThatBegin(SSH);
  }

  private synchronized int connectionsThatBegin(byte[] with) {
    return (int)
        streams.entrySet().stream()
            .filter(e -> e.getKey().direction() == Direction.OUTBOUND)
            .map(e -> e.getValue().toByteArray())
            .filter(b -> b.length >= with.length)
            .filter(b -> Arrays.equals(b, 0, with.length, with, 0, with.length))
            .count();
  }

  /** The form in which the canary was seen (plain, base64, hex), or nothing if it was not. */
  public Optional<String> find(String canary) {
    List<byte[]> recorded;
    synchronized (this) {
      recorded = streams.values().stream().map(ByteArrayOutputStream::toByteArray).toList();
    }
    for (var form : forms(canary).entrySet()) {
      for (var needle : form.getValue()) {
        if (recorded.stream().anyMatch(bytes -> indexOf(bytes, needle) >= 0)) {
          return Optional.of(form.getKey());
        }
      }
    }
    return Optional.empty();
  }

  private static Map<String, Set<byte[]>> forms(String canary) {
    var raw = canary.getBytes(StandardCharsets.UTF_8);
    var hex = new StringBuilder();
    for (var b : raw) {
      hex.append(Character.forDigit((b >> 4) & 0xf, 16)).append(Character.forDigit(b & 0xf, 16));
    }
    return Map.of(
        "plain", Set.of(raw),
        "base64", base64(raw),
        "hex", Set.of(hex.toString().getBytes(StandardCharsets.US_ASCII)));
  }

  /** The characters that are the same whatever precedes and follows, for each of three offsets. */
  private static Set<byte[]> base64(byte[] raw) {
    var needles = new LinkedHashSet<byte[]>();
    for (var offset = 0; offset < 3; offset++) {
      var padded = new byte[offset + raw.length];
      System.arraycopy(raw, 0, padded, offset, raw.length);
      var start = (offset * 8 + 5) / 6;
      var end = padded.length * 8 / 6;
      var standard = Base64.getEncoder().encode(padded);
      var url = Base64.getUrlEncoder().encode(padded);
      needles.add(Arrays.copyOfRange(standard, start, end));
      needles.add(Arrays.copyOfRange(url, start, end));
    }
    return needles;
  }

  private static int indexOf(byte[] haystack, byte[] needle) {
    outer:
    for (var i = 0; i <= haystack.length - needle.length; i++) {
      for (var j = 0; j < needle.length; j++) {
        if (haystack[i + j] != needle[j]) {
          continue outer;
        }
      }
      return i;
    }
    return -1;
  }
}
