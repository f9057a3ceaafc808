package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/** Where a command writes. */
interface Output {
  /**
   * Writes, waiting while the reader is behind.
   *
   * @throws BrokenPipe when the reader has gone
   */
  void write(Buffer data) throws IOException, InterruptedException;

  default void print(String text) throws IOException, InterruptedException {
    if (!text.isEmpty()) {
      write(Buffer.buffer(text));
    }
  }

  default void line(String text) throws IOException, InterruptedException {
    print(text + "\n");
  }

  /** Says that nothing more comes from here. */
  default void close() throws IOException {}

  /** Nobody reads what was written. */
  final class BrokenPipe extends IOException {
    private static final long serialVersionUID = 1L;

    BrokenPipe() {
      super("Broken pipe");
    }
  }
}
