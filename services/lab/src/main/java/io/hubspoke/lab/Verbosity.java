package io.hubspoke.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Reads {@code -v} as Go's binaries do, with a level, where a component has a flag for it: here it
 * has none, and is given once or twice.
 */
final class Verbosity {
  private static final Set<String> WITH_LEVEL = Set.of("proxy-server", "proxy-agent");

  private Verbosity() {}

  /** Returns the arguments with {@code --v=LEVEL} in place of {@code -v LEVEL}. */
  static String[] asOneWord(String... arguments) {
    if (!WITH_LEVEL.contains(Hubspoke.command(arguments))) {
      return arguments;
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      String next = i + 1 < arguments.length ? arguments[i + 1] : "";
      if (arguments[i].equals("-v") && next.matches("[0-9]+")) {
        words.add("--v=" + next);
        i++;
      } else if (arguments[i].matches("-v=?[0-9]+")) {
        words.add("--v=" + arguments[i].replaceFirst("-v=?", ""));
      } else {
        words.add(arguments[i]);
      }
    }
    return words.toArray(String[]::new);
  }
}
