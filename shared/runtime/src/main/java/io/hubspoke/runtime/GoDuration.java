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
    if (text.equals("0")) {
      return Duration.ZERO;
    }
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

  /**
   * Writes a duration as Go does, to the millisecond: {@code 10s}, {@code 2m40s}, {@code 4h0m0s}.
   */
  public static String format(Duration duration) {
    if (duration.toSeconds() == 0) {
      return duration.isZero() ? "0s" : duration.toMillis() + "ms";
    }
    String seconds =
        duration.toMillisPart() == 0
            ? duration.toSecondsPart() + "s"
            : duration.toSecondsPart()
                + "."
                + "%03d".formatted(duration.toMillisPart()).replaceAll("0+$", "")
                + "s";
    return duration.toHours() > 0
        ? duration.toHours() + "h" + duration.toMinutesPart() + "m" + seconds
        : duration.toMinutes() > 0 ? duration.toMinutes() + "m" + seconds : seconds;
  }
}
