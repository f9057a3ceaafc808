package io.hubspoke.runtime;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds programs of the system. */
public final class Programs {
  private Programs() {}

  /** Finds one on the PATH, or where root's programs are, which is on few users' PATH. */
  public static Optional<Path> find(String name) {
    String path = System.getenv("PATH");
    return Stream.concat(
            Stream.of((path == null ? "" : path).split(File.pathSeparator, -1)),
            Stream.of("/usr/sbin", "/sbin", "/usr/local/sbin"))
        .filter(directory -> directory.startsWith("/"))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
