package io.hubspoke.kubelet.logs;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.function.BooleanSupplier;

/**
 * Reads a log file in CRI's format, a block at a time, on a virtual thread; holds no more of it in
 * memory than one block and one line.
 */
public final class LogReader {
  private static final int BLOCK = 16 << 10;
  private static final int MAX_LINE = 64 << 10;

  /** The file is looked at this often for more; notification would tie it to one runtime. */
  private static final Duration POLL = Duration.ofMillis(100);

  /** Takes what is read; waits until there is room. */
  public interface Sink {
    /** Returns false when nobody wants more. */
    boolean write(Buffer text);

    boolean closed();

    /** Waits, without holding up others on the same context; less when closed meanwhile. */
    void pause(Duration time);
  }

  private final Path file;
  private final LogOptions options;
  private final Sink sink;
  private long left;
  private Object opened;

  public LogReader(Path file, LogOptions options, Sink sink) {
    this.file = file;
    this.options = options;
    this.sink = sink;
    this.left = options.limitBytes() < 0 ? Long.MAX_VALUE : options.limitBytes();
  }

  /**
   * Writes the lines asked for to the sink.
   *
   * @param running whether the container may still say something; with {@code follow}, the reading
   *     ends once it does not
   */
  public void read(BooleanSupplier running) throws IOException {
    FileChannel channel = open(running);
    if (channel == null) {
      return;
    }
    try {
      channel.position(options.tailLines() < 0 ? 0 : tail(channel, options.tailLines()));
      Lines lines = new Lines();
      while (true) {
        // Asked before reading: what was said before the end is in the file then.
        boolean more = options.follow() && running.getAsBoolean();
        if (!lines.copy(channel)) {
          return;
        }
        // Looked at also after the end: the last lines may be in a file begun since.
        if (options.follow() && rotated()) {
          // What was written between the last look and the rotation.
          if (!lines.copy(channel)) {
            return;
          }
          channel.close();
          channel = open(running);
          if (channel == null) {
            return;
          }
        } else if (more) {
          sink.pause(POLL);
        } else {
          return;
        }
        if (sink.closed()) {
          return;
        }
      }
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  /** Opens the file; a follower waits for the first line. */
  private FileChannel open(BooleanSupplier running) throws IOException {
    while (true) {
      boolean more = options.follow() && running.getAsBoolean();
      try {
        opened = key(file);
        return FileChannel.open(file, StandardOpenOption.READ);
      } catch (NoSuchFileException e) {
        if (!more || sink.closed()) {
          return null;
        }
        sink.pause(POLL);
      }
    }
  }

  private boolean rotated() throws IOException {
    try {
      return !key(file).equals(opened);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static Object key(Path file) throws IOException {
    Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    return key == null ? file : key;
  }

  /** Returns where the last so many lines begin, reading backwards. */
  private static long tail(FileChannel channel, long wanted) throws IOException {
    long end = channel.size();
    if (wanted == 0) {
      return end;
    }
    long lines = 0;
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    for (long from = end; from > 0; ) {
      int size = (int) Math.min(BLOCK, from);
      from -= size;
      block.clear().limit(size);
      while (block.hasRemaining() && channel.read(block, from + block.position()) > 0) {}
      for (int i = size - 1; i >= 0; i--) {
        // The newline that ends the file begins no line.
        if (block.get(i) == '\n' && from + i != end - 1 && ++lines == wanted) {
          return from + i + 1;
        }
      }
    }
    return 0;
  }

  /** Cuts the file into lines and hands on their text. */
  private final class Lines {
    private final ByteBuffer block = ByteBuffer.allocate(BLOCK);
    private byte[] line = new byte[256];
    private int length;

    /** Copies to the end of the file as it is; returns false when nothing more is wanted. */
    boolean copy(FileChannel channel) throws IOException {
      Buffer out = Buffer.buffer();
      while (channel.read(block.clear()) > 0) {
        block.flip();
        while (block.hasRemaining()) {
          byte b = block.get();
          if (b == '\n') {
            format(out);
            length = 0;
          } else if (length < MAX_LINE) {
            if (length == line.length) {
              line = java.util.Arrays.copyOf(line, Math.min(MAX_LINE, 2 * length));
            }
            line[length++] = b;
          }
        }
        if (!flush(out)) {
          return false;
        }
        out = Buffer.buffer();
      }
      return true;
    }

    private boolean flush(Buffer out) {
      if (out.length() == 0) {
        return true;
      }
      Buffer part = out.length() > left ? out.getBuffer(0, (int) left) : out;
      left -= part.length();
      return sink.write(part) && left > 0;
    }

    /** Appends the text of a line {@code <time> <stream> <F|P> <text>}; skips what is none. */
    private void format(Buffer out) {
      int timeEnd = space(0);
      int streamEnd = space(timeEnd + 1);
      int tagEnd = space(streamEnd + 1);
      if (timeEnd < 0 || streamEnd < 0 || tagEnd < 0) {
        return;
      }
      String time = new String(line, 0, timeEnd, StandardCharsets.US_ASCII);
      if (!options.since().equals(Instant.MIN) && before(time)) {
        return;
      }
      if (options.timestamps()) {
        out.appendString(time).appendByte((byte) ' ');
      }
      out.appendBytes(line, tagEnd + 1, length - tagEnd - 1);
      if (line[streamEnd + 1] != 'P') {
        out.appendByte((byte) '\n');
      }
    }

    private boolean before(String time) {
      try {
        return OffsetDateTime.parse(time).toInstant().isBefore(options.since());
      } catch (DateTimeParseException e) {
        return true;
      }
    }

    private int space(int from) {
      for (int i = from; i < length; i++) {
        if (line[i] == ' ') {
          return i;
        }
      }
      return -1;
    }
  }
}
