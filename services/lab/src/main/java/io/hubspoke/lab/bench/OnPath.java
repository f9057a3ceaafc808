package io.hubspoke.lab.bench;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds programs that nobody here wrote. */
public final class OnPath {
  private static final Pattern SEPARATOR = Pattern.compile(File.pathSeparator, Pattern.LITERAL);

  private OnPath() {}

  /** Returns the first of that name on the PATH. */
  public static Optional<Path> find(String name) {
    var path = System.getenv("PATH");
    return Arrays.stream(SEPARATOR.split(path == null ? "" : path, -1))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
