package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.RequestInfo;
import java.nio.charset.StandardCharsets;

/**
 * Splits a proxied request's path at the word {@code proxy}. Both parts come from the path as it
 * was decoded for the authorizer and are encoded anew, so that the backend can't be asked for
 * anything by bytes that were not looked at.
 *
 * @param prefix what stands before the backend's own path, encoded
 * @param path the backend's path, encoded; empty when nothing follows the prefix
 * @param query with its question mark, as it came; empty when there is none
 */
record ProxyPath(String prefix, String path, String query) {
  private static final String LITERAL = "-_.~$&+,/:;=@";

  /**
   * Takes it from a request.
   *
   * @throws io.hubspoke.api.ApiException 400 when the query is none of a URI
   */
  static ProxyPath of(ApiRequest request) {
    RequestInfo info = request.info();
    boolean slash = info.path().endsWith("/");
    String whole = slash ? info.path().substring(0, info.path().length() - 1) : info.path();
    String rest = info.remainder().isEmpty() ? "" : "/" + info.remainder();
    String uri = request.http().uri();
    int question = uri.indexOf('?');
    String query = question < 0 ? "" : uri.substring(question);
    // HTTP/2 would let through what ends a request line of HTTP/1.
    if (query.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
      throw Status.badRequest("the query has characters that are not percent-encoded")
          .toException();
    }
    return new ProxyPath(
        encode(whole.substring(0, whole.length() - rest.length())),
        encode(rest + (slash ? "/" : "")),
        query);
  }

  /** Returns what the backend is asked for. */
  String target() {
    return (path.isEmpty() ? "/" : path) + query;
  }

  /** Returns where a page lives whose relative links shall lead below the prefix. */
  String withSlash() {
    return prefix + "/" + query;
  }

  /** Encodes as Go's {@code URL.EscapedPath} does, on which backends may rely. */
  private static String encode(String path) {
    StringBuilder encoded = new StringBuilder(path.length());
    for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if ((c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || LITERAL.indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append('%').append("%02X".formatted((int) c));
      }
    }
    return encoded.toString();
  }
}
