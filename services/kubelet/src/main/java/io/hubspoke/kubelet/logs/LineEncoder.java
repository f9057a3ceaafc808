package io.hubspoke.kubelet.logs;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Cuts what a process says into lines of CRI's log format, whatever its bytes are. Used by one
 * thread at a time.
 */
public final class LineEncoder {
  private final String label;
  private final ByteArrayOutputStream open = new ByteArrayOutputStream(256);

  public LineEncoder(ContainerLog.Stream stream) {
    this.label = stream.label();
  }

  /** Returns the lines that a chunk completes; the rest waits, no more than the longest line. */
  public byte[] encode(byte[] chunk) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(chunk.length + chunk.length / 4 + 64);
    byte[] whole = head('F');
    int from = 0;
    for (int i = 0; i < chunk.length; i++) {
      if (chunk[i] == '\n') {
        line(out, whole, chunk, from, i);
        from = i + 1;
      } else if (open.size() + i + 1 - from > ContainerLog.MAX_LINE) {
        line(out, head('P'), chunk, from, i);
        from = i;
      }
    }
    open.write(chunk, from, chunk.length - from);
    return out.toByteArray();
  }

  /** Returns the last line, when it has no end. */
  public byte[] finish() {
    if (open.size() == 0) {
      return new byte[0];
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(open.size() + 64);
    line(out, head('F'), new byte[0], 0, 0);
    return out.toByteArray();
  }

  private void line(ByteArrayOutputStream out, byte[] head, byte[] chunk, int from, int to) {
    out.writeBytes(head);
    if (open.size() > 0) {
      out.writeBytes(open.toByteArray());
      open.reset();
    }
    out.write(chunk, from, to - from);
    out.write('\n');
  }

  private byte[] head(char tag) {
    return (Instant.now() + " " + label + " " + tag + " ").getBytes(StandardCharsets.US_ASCII);
  }
}
