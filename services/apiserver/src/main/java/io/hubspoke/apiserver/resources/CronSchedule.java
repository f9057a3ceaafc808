package io.hubspoke.apiserver.resources;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads schedules as cron does: five fields, or a descriptor such as {@code @daily}. */
final class CronSchedule {
  private static final Set<String> DESCRIPTORS =
      Set.of("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly");
  private static final String EVERY = "@every ";
  private static final List<String> MONTHS =
      List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
  private static final List<String> DAYS = List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");

  /** What a field may hold; names count from the least value. */
  private record Bounds(int least, int most, List<String> names) {}

  private static final List<Bounds> FIELDS =
      List.of(
          new Bounds(0, 59, List.of()),
          new Bounds(0, 23, List.of()),
          new Bounds(1, 31, List.of()),
          new Bounds(1, 12, MONTHS),
          new Bounds(0, 6, DAYS));

  private CronSchedule() {}

  /** Returns what is wrong with a schedule, if anything. */
  static Optional<String> error(String schedule) {
    if (schedule.startsWith("@")) {
      return descriptor(schedule);
    }
    List<String> fields =
        Arrays.stream(schedule.trim().split("\\s+", -1)).filter(f -> !f.isEmpty()).toList();
    if (fields.size() != FIELDS.size()) {
      return Optional.of(
          "expected exactly 5 fields, found "
              + fields.size()
              + ": ["
              + String.join(" ", fields)
              + "]");
    }
    for (int i = 0; i < FIELDS.size(); i++) {
      for (String range : fields.get(i).split(",", -1)) {
        Optional<String> error = range(range, FIELDS.get(i));
        if (error.isPresent()) {
          return error;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> descriptor(String schedule) {
    if (DESCRIPTORS.contains(schedule)) {
      return Optional.empty();
    }
    if (schedule.startsWith(EVERY)) {
      return isDuration(schedule.substring(EVERY.length()))
          ? Optional.empty()
          : Optional.of("failed to parse duration " + schedule);
    }
    return Optional.of("unrecognized descriptor: " + schedule);
  }

  /** Returns whether a text is a duration such as {@code 1h30m}, without a regular expression. */
  private static boolean isDuration(String text) {
    int at = 0;
    while (at < text.length()) {
      int digits = at;
      while (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
        at++;
      }
      int unit = at;
      while (at < text.length() && !isDigit(text.charAt(at)) && text.charAt(at) != '.') {
        at++;
      }
      if (digits == unit
          || !Set.of("ns", "us", "µs", "ms", "s", "m", "h").contains(text.substring(unit, at))) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  private static Optional<String> range(String text, Bounds bounds) {
    if (text.isEmpty()) {
      return Optional.of("empty field");
    }
    String[] stepped = text.split("/", -1);
    if (stepped.length > 2) {
      return Optional.of("too many slashes: " + text);
    }
    String[] ends = stepped[0].split("-", -1);
    if (ends.length > 2) {
      return Optional.of("too many hyphens: " + text);
    }
    try {
      int step = stepped.length == 2 ? number(stepped[1]) : 1;
      int start = bounds.least;
      int end = bounds.most;
      if (!ends[0].equals("*") && !ends[0].equals("?")) {
        start = value(ends[0], bounds);
        end = ends.length == 2 ? value(ends[1], bounds) : stepped.length == 2 ? end : start;
      }
      if (start < bounds.least) {
        return Optional.of(
            "beginning of range (%d) below minimum (%d): %s".formatted(start, bounds.least, text));
      }
      if (end > bounds.most) {
        return Optional.of(
            "end of range (%d) above maximum (%d): %s".formatted(end, bounds.most, text));
      }
      if (start > end) {
        return Optional.of(
            "beginning of range (%d) beyond end of range (%d): %s".formatted(start, end, text));
      }
      return step == 0
          ? Optional.of("step of range should be a positive number: " + text)
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static int value(String text, Bounds bounds) {
    int name = bounds.names.indexOf(text.toLowerCase(Locale.ROOT));
    return name >= 0 ? bounds.least + name : number(text);
  }

  private static int number(String text) {
    if (text.isEmpty() || !text.chars().allMatch(c -> isDigit((char) c)) || text.length() > 9) {
      throw new NumberFormatException(
          "failed to parse int from %s: strconv.Atoi: parsing \"%s\": invalid syntax"
              .formatted(text, text));
    }
    return Integer.parseInt(text);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
