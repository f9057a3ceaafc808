package io.hubspoke.runtime;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads and writes durations as the real components' flags take them: {@code 8760h0m0s}, {@code
 * 500ms}.
 */
public final class GoDuration implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    try {
      if (text.endsWith("ms")) {
        return Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
      }
      // Go's 1m30s is ISO 8601's PT1M30S.
      return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
    } catch (DateTimeParseException | NumberFormatException e) {
      throw new TypeConversionException(
          "\"" + text + "\" is not a duration, such as 40s, 1m30s or 8760h0m0s");
    }
  }

  /** Writes a duration as the real components do in messages: {@code 10s}, {@code 2m40s}. */
  public static String format(Duration duration) {
    if (duration.toMillis() < 1000) {
      return duration.toMillis() + "ms";
    }
    long minutes = duration.toMinutes();
    return (minutes > 0 ? minutes + "m" : "") + duration.toSecondsPart() + "s";
  }
}
