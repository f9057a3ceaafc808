package io.hubspoke.sshd;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import org.apache.sshd.common.file.FileSystemFactory;
import org.apache.sshd.common.session.SessionContext;

/** Shows clients no file; MINA wants to be told so. */
final class NoFiles implements FileSystemFactory {
  @Override
  public Path getUserHomeDir(SessionContext session) {
    return null;
  }

  @Override
  public FileSystem createFileSystem(SessionContext session) throws IOException {
    throw new IOException("there are no files here");
  }
}
