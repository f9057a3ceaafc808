package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/** Answers a request with a {@code Status}, and gets its unread body out of the way. */
public final class StatusResponse {
  /** Most bytes of an unwanted body that are read so that the connection can be used again. */
  // Who sends a little more than is taken shall still hear why.
  private static final long DRAIN_LIMIT = RequestBody.MAX_BYTES + 1024 * 1024;

  private StatusResponse() {}

  /** Sends a status; a response that has begun cannot carry one and is cut off instead. */
  public static Future<Void> send(HttpServerRequest request, Status status) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return Future.succeededFuture();
    }
    if (response.headWritten()) {
      response.reset();
      return Future.succeededFuture();
    }
    drain(request);
    if (status.details() != null && status.details().retryAfterSeconds() > 0) {
      response.putHeader("Retry-After", Integer.toString(status.details().retryAfterSeconds()));
    }
    response.headers().remove("Content-Length").remove("Transfer-Encoding");
    MediaType mediaType = MediaType.preferred(request);
    response.setStatusCode(status.code()).putHeader("Content-Type", mediaType.text());
    // An answer to HEAD has no body (RFC 9110 section 9.3.2); over HTTP/2 one breaks the stream.
    return request.method().equals(HttpMethod.HEAD)
        ? response.end()
        : response.end(mediaType.encode(status.toJson()));
  }

  /** Reads and forgets the rest of the body; whoever sends a great one loses the connection. */
  private static void drain(HttpServerRequest request) {
    if (request.isEnded()) {
      return;
    }
    long[] left = {DRAIN_LIMIT};
    request.exceptionHandler(gone -> {});
    request.handler(
        bytes -> {
          left[0] -= bytes.length();
          if (left[0] < 0) {
            request.connection().close();
          }
        });
    request.resume();
  }
}
