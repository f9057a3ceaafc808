package io.hubspoke.kubelet.logs;

import io.vertx.core.MultiMap;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;

/**
 * What part of a log is wanted ({@code PodLogOptions}).
 *
 * @param tailLines last lines to begin with; negative for all
 * @param limitBytes most bytes to return; negative for no limit
 * @param since lines before it are left out
 */
public record LogOptions(
    boolean follow,
    boolean previous,
    boolean timestamps,
    long tailLines,
    long limitBytes,
    Instant since) {

  /** Everything there is. */
  public static final LogOptions ALL = new LogOptions(false, false, false, -1, -1, Instant.MIN);

  /** The query can't be read. */
  public static final class UndecodableException extends Exception {
    UndecodableException(String message) {
      super(message);
    }
  }

  /** The query can be read, but asks for what makes no sense. */
  public static final class InvalidException extends Exception {
    InvalidException(String message) {
      super(message);
    }
  }

  /** Reads the query of a request for logs. */
  public static LogOptions parse(MultiMap query, Instant now)
      throws UndecodableException, InvalidException {
    long tail = number(query, "tailLines");
    long limit = number(query, "limitBytes");
    long seconds = number(query, "sinceSeconds");
    String time = query.get("sinceTime");
    if (query.contains("tailLines") && tail < 0) {
      throw new InvalidException("tailLines must be 0 or more");
    }
    if (query.contains("limitBytes") && limit < 1) {
      throw new InvalidException("limitBytes must be 1 or more");
    }
    if (query.contains("sinceSeconds") && (seconds < 1 || time != null)) {
      throw new InvalidException("sinceSeconds must be 1 or more, and not beside sinceTime");
    }
    Instant since = seconds > 0 ? now.minusSeconds(Math.min(seconds, 1L << 32)) : Instant.MIN;
    if (time != null) {
      try {
        since = OffsetDateTime.parse(time).toInstant();
      } catch (DateTimeParseException e) {
        throw new UndecodableException("sinceTime must be a time such as 2026-01-02T03:04:05Z");
      }
    }
    return new LogOptions(
        flag(query, "follow"),
        flag(query, "previous"),
        flag(query, "timestamps"),
        tail,
        limit,
        since);
  }

  private static long number(MultiMap query, String name) throws UndecodableException {
    String value = query.get(name);
    if (value == null) {
      return -1;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new UndecodableException(name + " must be a number");
    }
  }

  /** Reads a flag as API machinery does: anything but {@code false} and {@code 0} is true. */
  private static boolean flag(MultiMap query, String name) {
    String value = query.get(name);
    return value != null && !value.equalsIgnoreCase("false") && !value.equals("0");
  }
}
