package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges what the decoders let pass but Go's server does not: requests of HTTP/1 of which it is
 * doubtful where they end or whom they are for (RFC 9112 sections 3.2 and 6), and of HTTP/2 whose
 * headers would be others in HTTP/1.
 */
final class RequestFraming {
  private RequestFraming() {}

  /** Returns the refusal of a request after which the connection can't be trusted any more. */
  static Optional<Status> refusal(HttpServerRequest http) {
    if (http.version() == HttpVersion.HTTP_2) {
      return http.headers().entries().stream().allMatch(RequestFraming::isField)
          ? Optional.empty()
          : Optional.of(Status.badRequest("malformed header"));
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

  /**
   * Returns whether a header of HTTP/2 has no byte that would end it in HTTP/1, in which a proxied
   * request goes on (RFC 9113 section 8.2.1). In HTTP/1 the decoder sees to that.
   */
  private static boolean isField(Map.Entry<String, String> header) {
    return header.getKey().chars().noneMatch(c -> c <= ' ' || c >= 0x7f)
        && header.getValue().chars().noneMatch(c -> c == 0 || c == '\r' || c == '\n');
  }
}
