package io.hubspoke.client;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Cuts a stream into lines, none longer than a limit. */
final class LineSplitter {
  private final int maxLength;
  private Buffer rest = Buffer.buffer();
  private int searched;

  LineSplitter(int maxLength) {
    this.maxLength = maxLength;
  }

  /**
   * Takes a chunk and returns the lines that it ends, without empty ones.
   *
   * @throws IOException when a line is too long
   */
  List<byte[]> feed(Buffer chunk) throws IOException {
    rest.appendBuffer(chunk);
    List<byte[]> lines = new ArrayList<>();
    int start = 0;
    for (int i = searched; i < rest.length(); i++) {
      if (rest.getByte(i) == '\n') {
        if (i > start) {
          limit(i - start);
          lines.add(rest.getBytes(start, i));
        }
        start = i + 1;
      }
    }
    limit(rest.length() - start);
    if (start > 0) {
      rest = rest.getBuffer(start, rest.length());
    }
    searched = rest.length();
    return lines;
  }

  private void limit(int length) throws IOException {
    if (length > maxLength) {
      throw new IOException("a line of the watch is longer than " + maxLength + " bytes");
    }
  }
}
