package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/** Tells when an event was seen, from the fields of either generation of the API. */
final class EventTimes {
  private EventTimes() {}

  static String firstSeen(ObjectNode event, Instant now) {
    return Age.since(first(event), now);
  }

  static String lastSeen(ObjectNode event, Instant now) {
    int series = event.path("series").path("count").asInt();
    int count = event.path("count").asInt();
    if (series > 0) {
      return repeated(
          Age.since(event.path("series").path("lastObservedTime").asText(""), now),
          series,
          firstSeen(event, now));
    }
    if (count > 1) {
      return repeated(
          Age.since(event.path("lastTimestamp").asText(""), now), count, firstSeen(event, now));
    }
    return firstSeen(event, now);
  }

  private static String first(ObjectNode event) {
    String first = event.path("firstTimestamp").asText("");
    return first.isEmpty() ? event.path("eventTime").asText("") : first;
  }

  private static String repeated(String last, int count, String first) {
    return last + " (x" + count + " over " + first + ")";
  }
}
