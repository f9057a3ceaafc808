package io.hubspoke.kubelet.runtime;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;

/**
 * Image {@code hubspoke/ticker}: writes a line at each interval. Arguments: {@code
 * --interval=500ms}, {@code --count=N} to end after N lines, {@code --exit-code=N} to end with it,
 * {@code --message=TEXT}, and {@code --ignore-sigterm}, to be seen killed.
 */
final class Ticker implements Program {
  private static final List<String> ARGUMENTS =
      List.of("--interval=", "--count=", "--exit-code=", "--message=");
  private static final String IGNORE_SIGTERM = "--ignore-sigterm";

  private final Surroundings surroundings;
  private final Promise<Integer> exit = Promise.promise();
  private long ticks;
  private long timer = -1;

  Ticker(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Future<Integer> run() {
    Duration interval;
    long count;
    int code;
    try {
      surroundings.config().args().forEach(Ticker::checkKnown);
      interval = duration(surroundings.argument("interval", "1s"));
      count = number(surroundings.argument("count", "-1"), Long.MAX_VALUE);
      code = (int) number(surroundings.argument("exit-code", "0"), 255);
    } catch (IllegalArgumentException e) {
      surroundings.err("ticker: " + e.getMessage());
      return Future.succeededFuture(2);
    }
    if (count == 0) {
      return Future.succeededFuture(code);
    }
    String message = surroundings.argument("message", "tick");
    timer =
        surroundings
            .context()
            .owner()
            .setPeriodic(
                1,
                interval.toMillis(),
                id -> {
                  surroundings.out(message + " " + ++ticks);
                  if (ticks == count) {
                    end(code);
                  }
                });
    return exit.future();
  }

  @Override
  public void terminate() {
    if (!surroundings.config().args().contains(IGNORE_SIGTERM)) {
      end(SIGNALLED + SIGTERM);
    }
  }

  @Override
  public Future<Void> kill() {
    end(SIGNALLED + SIGKILL);
    return Future.succeededFuture();
  }

  private void end(int code) {
    surroundings.context().owner().cancelTimer(timer);
    exit.tryComplete(code);
  }

  private static void checkKnown(String argument) {
    if (!argument.equals(IGNORE_SIGTERM) && ARGUMENTS.stream().noneMatch(argument::startsWith)) {
      throw new IllegalArgumentException(
          "unknown argument \"" + argument + "\"; there are " + ARGUMENTS + ", " + IGNORE_SIGTERM);
    }
  }

  private static long number(String text, long most) {
    try {
      long value = Long.parseLong(text);
      if (value >= -1 && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IllegalArgumentException("\"" + text + "\" is not a number in range");
  }

  /** Reads a duration such as 500ms, 2s or 1m; at least 10 ms. */
  private static Duration duration(String text) {
    long unit =
        text.endsWith("ms") ? 1 : text.endsWith("s") ? 1000 : text.endsWith("m") ? 60000 : 0;
    int suffix = text.endsWith("ms") ? 2 : 1;
    if (unit == 0) {
      throw new IllegalArgumentException("an interval is written 500ms, 2s or 1m, not " + text);
    }
    long value = number(text.substring(0, text.length() - suffix), 1_000_000);
    return Duration.ofMillis(Math.max(10, value * unit));
  }
}
