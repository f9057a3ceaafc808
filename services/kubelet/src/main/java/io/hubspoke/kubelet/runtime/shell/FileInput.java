package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/** A file as a command's input. */
final class FileInput {
  private FileInput() {}

  /** Reads the file into an input by a thread of the job, as far as somebody reads on. */
  static Input of(ByteSource file, Job job) throws IOException {
    Input input = new Input();
    Runnable reading =
        () -> {
          try {
            Buffer more;
            while ((more = file.read()) != null) {
              input.put(more);
            }
          } catch (IOException e) {
            // The reader has gone, or the file can't be read further: its end, to a reader.
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            input.end();
            close(file);
          }
        };
    try {
      var _ = job.start(reading);
    } catch (IOException full) {
      close(file);
      throw full;
    }
    return input;
  }

  private static void close(ByteSource file) {
    try {
      file.close();
    } catch (IOException e) {
      // It was only read.
    }
  }
}
