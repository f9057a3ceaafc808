package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that a report will be written to, tried before the work that it reports. */
record ReportFile(Path path) {
  /**
   * Opens the file for writing and leaves it as it was.
   *
   * @throws IOException when it can't be written; the message says why
   */
  static ReportFile writable(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException("cannot write " + path + ": it is a directory");
    }
    var existed = Files.exists(path);
    try {
      Files.newByteChannel(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
      if (!existed) {
        Files.delete(path);
      }
    } catch (NoSuchFileException e) {
      throw new IOException("cannot write " + path + ": its directory doesn't exist", e);
    } catch (FileSystemException e) {
      throw new IOException(
          "cannot write %s: %s"
              .formatted(path, e.getReason() == null ? "no permission" : e.getReason()),
          e);
    }
    return new ReportFile(path);
  }

  void write(ObjectNode report) throws IOException {
    Files.write(path, Json.bytes(report));
  }
}
