package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.http.RequestNotes;
import java.util.function.Supplier;

/**
 * What the request was that a write is part of.
 *
 * @param options what it says of the operation, such as {@code fieldManager}, without a kind
 * @param notes takes what webhooks have to say beside their verdict
 */
public record Origin(Supplier<ObjectNode> options, RequestNotes notes) {
  /**
   * No request: the server writes by itself. Nobody outside is asked about that, so that a webhook
   * which is down can't keep the server from what brings it up again.
   */
  public static final Origin SERVER = new Origin(Json::object, new RequestNotes());

  /** Returns whether somebody has asked for it. */
  public boolean isRequest() {
    return notes != SERVER.notes;
  }
}
