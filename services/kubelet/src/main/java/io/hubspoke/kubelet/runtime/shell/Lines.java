package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/** Reads lines of an input and leaves what is behind them to the next reader. */
final class Lines {
  private static final int MAX_LINE = 1 << 20;

  private Lines() {}

  /** Returns the next line without its end, null when there is none. */
  static String read(Input in) throws IOException, InterruptedException {
    Buffer line = Buffer.buffer();
    Buffer more;
    while ((more = in.read()) != null) {
      int end = 0;
      while (end < more.length() && more.getByte(end) != '\n') {
        end++;
      }
      line.appendBuffer(more, 0, end);
      if (end < more.length()) {
        in.unread(more.slice(end + 1, more.length()));
        return line.toString();
      }
      if (line.length() > MAX_LINE) {
        throw new IOException("line too long");
      }
    }
    return line.length() == 0 ? null : line.toString();
  }
}
