package io.hubspoke.streams.upgrade;

import java.util.List;
import java.util.stream.Stream;

/** Takes headers apart whose values are lists (RFC 9110 section 5.6.1). */
public final class HeaderList {
  private HeaderList() {}

  /** Returns the elements of all lines of a header; empty ones don't count. */
  public static List<String> of(List<String> lines) {
    return lines.stream()
        .flatMap(line -> Stream.of(line.split(",")))
        .map(String::strip)
        .filter(element -> !element.isEmpty())
        .toList();
  }

  /** Returns whether an option is among the elements, in whatever case. */
  public static boolean names(List<String> lines, String option) {
    return of(lines).stream().anyMatch(option::equalsIgnoreCase);
  }
}
