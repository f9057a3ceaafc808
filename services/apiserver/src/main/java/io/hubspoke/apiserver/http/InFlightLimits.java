package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds the requests under way, reading and changing ones apart ({@code --max-requests-inflight},
 * {@code --max-mutating-requests-inflight}).
 */
public final class InFlightLimits {
  private final int mostReading;
  private final int mostMutating;
  private final AtomicInteger reading = new AtomicInteger();
  private final AtomicInteger mutating = new AtomicInteger();

  /** Sets the limits; 0 means none. */
  public InFlightLimits(int mostReading, int mostMutating) {
    this.mostReading = mostReading;
    this.mostMutating = mostMutating;
  }

  /**
   * Takes a place.
   *
   * @return what gives it back
   * @throws io.hubspoke.api.ApiException 429 when all places are taken
   */
  Runnable enter(RequestInfo info) {
    boolean reads =
        switch (info.verb()) {
          case "get", "list", "watch", "head", "options" -> true;
          default -> false;
        };
    AtomicInteger count = reads ? reading : mutating;
    int most = reads ? mostReading : mostMutating;
    if (count.incrementAndGet() > most && most > 0) {
      count.decrementAndGet();
      throw Status.tooManyRequests("Too many requests, please try again later.", 1).toException();
    }
    return count::decrementAndGet;
  }

  public int reading() {
    return reading.get();
  }

  public int mutating() {
    return mutating.get();
  }
}
