package io.hubspoke.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Holds a lab's directory against other labs until it is closed or the process dies. */
record DirectoryLock(FileChannel held) implements AutoCloseable {
  /**
   * Makes the directory if it isn't there, and locks it.
   *
   * @throws IOException when it can't be made or written, or another lab runs in it; the message
   *     says which
   */
  static DirectoryLock of(Path directory) throws IOException {
    FileChannel file;
    try {
      Files.createDirectories(directory);
      file =
          FileChannel.open(
              directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      throw new IOException("--dir %s: a file, not a directory".formatted(directory), e);
    } catch (FileSystemException e) {
      throw new IOException(
          "--dir %s: cannot write there: %s"
              .formatted(directory, e.getReason() == null ? "no permission" : e.getReason()),
          e);
    }
    try {
      if (file.tryLock() != null) {
        return new DirectoryLock(file);
      }
    } catch (OverlappingFileLockException e) {
      // Another lab of this process.
    }
    file.close();
    throw new IOException("--dir %s: another lab or node runs in it".formatted(directory));
  }

  @Override
  public void close() throws IOException {
    held.close();
  }
}
