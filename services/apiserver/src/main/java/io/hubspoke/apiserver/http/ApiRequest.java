package io.hubspoke.apiserver.http;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;

/**
 * A request on its way through the chain.
 *
 * @param context the connection's event-loop context, on which it is answered
 * @param body what the client sent with it; empty for requests that read
 * @param notes what is to be said beside the answer
 */
public record ApiRequest(
    HttpServerRequest http,
    Context context,
    RequestInfo info,
    Query query,
    Buffer body,
    User user,
    RequestNotes notes) {

  /** Returns the same with another query. */
  public ApiRequest with(Query other) {
    return new ApiRequest(http, context, info, other, body, user, notes);
  }

  /** Returns the same with another body. */
  public ApiRequest with(Buffer other) {
    return new ApiRequest(http, context, info, query, other, user, notes);
  }

  /** Returns a query parameter, empty when absent. */
  public String param(String name) {
    String value = query.get(name);
    return value == null ? "" : value;
  }

  /** Returns whether a boolean query parameter is given and neither {@code false} nor {@code 0}. */
  public boolean flag(String name) {
    String value = query.get(name);
    return value != null && !value.equals("false") && !value.equals("0");
  }
}
