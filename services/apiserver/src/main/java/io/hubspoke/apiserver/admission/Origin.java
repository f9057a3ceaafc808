package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.http.RequestNotes;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * What the request was that a write is part of.
 *
 * @param options what it says of the operation, such as {@code fieldManager}, without a kind
 * @param notes takes what webhooks have to say beside their verdict
 * @param began by {@link System#nanoTime}, when it came to be judged
 */
public record Origin(Supplier<ObjectNode> options, RequestNotes notes, long began) {
  /**
   * No request: the server writes by itself. Nobody outside is asked about that, so that a webhook
   * which is down can't keep the server from what brings it up again.
   */
  public static final Origin SERVER = new Origin(Json::object, new RequestNotes());

  /** All webhooks of a request together have this time, as the real apiserver's have. */
  private static final Duration LONGEST = Duration.ofSeconds(34);

  /** Makes the origin of what begins now. */
  public Origin(Supplier<ObjectNode> options, RequestNotes notes) {
    this(options, notes, System.nanoTime());
  }

  /** Returns how much of its time is left; none or less when it is over. */
  public Duration left() {
    return LONGEST.minusNanos(System.nanoTime() - began);
  }

  /** Returns whether somebody has asked for it. */
  public boolean isRequest() {
    return notes != SERVER.notes;
  }
}
