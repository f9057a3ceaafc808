package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import java.util.Optional;

/**
 * Judges what the decoder lets pass but Go's server does not: requests of HTTP/1 of which it is
 * doubtful where they end or whom they are for (RFC 9112 sections 3.2 and 6).
 */
final class RequestFraming {
  private RequestFraming() {}

  /** Returns the refusal of a request after which the connection can't be trusted any more. */
  static Optional<Status> refusal(HttpServerRequest http) {
    if (http.version() == HttpVersion.HTTP_2) {
      return Optional.empty();
    }
    List<String> encodings = http.headers().getAll("Transfer-Encoding");
    if (!encodings.isEmpty()) {
      if (encodings.size() > 1) {
        return Optional.of(Status.badRequest("too many transfer encodings"));
      }
      if (!encodings.getFirst().equalsIgnoreCase("chunked")) {
        return Optional.of(
            Status.of(501, "", "unsupported transfer encoding: " + encodings.getFirst()));
      }
      if (http.version() == HttpVersion.HTTP_1_0) {
        return Optional.of(Status.badRequest("HTTP/1.0 has no transfer encodings"));
      }
    }
    List<String> hosts = http.headers().getAll("Host");
    if (hosts.size() > 1) {
      return Optional.of(Status.badRequest("too many Host headers"));
    }
    if (hosts.isEmpty() && http.version() == HttpVersion.HTTP_1_1) {
      return Optional.of(Status.badRequest("missing required Host header"));
    }
    // A folded line has become part of the one before.
    return hosts.stream().anyMatch(host -> host.chars().anyMatch(c -> c <= ' '))
        ? Optional.of(Status.badRequest("malformed Host header"))
        : Optional.empty();
  }
}
