package io.hubspoke.apiserver.authn;

import io.vertx.core.MultiMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Takes a front proxy's word out of requests once it has been heard, whoever sent it: a backend
 * behind this server would take it for the server's own.
 */
public final class FrontProxyHeaders {
  private final List<String> names;
  private final List<String> prefixes;

  /** Knows these headers, and the usual ones in any case. */
  public FrontProxyHeaders(RequestHeaderOptions options) {
    this.names =
        Stream.of(options, RequestHeaderOptions.NONE)
            .flatMap(
                each ->
                    Stream.of(each.usernameHeaders(), each.uidHeaders(), each.groupHeaders())
                        .flatMap(List::stream))
            .distinct()
            .toList();
    this.prefixes =
        Stream.of(options, RequestHeaderOptions.NONE)
            .flatMap(each -> each.extraHeaderPrefixes().stream())
            .distinct()
            .toList();
  }

  /** Removes them. */
  public void strip(MultiMap headers) {
    List<String> found = new ArrayList<>(0);
    for (Map.Entry<String, String> header : headers) {
      if (matches(header.getKey())) {
        found.add(header.getKey());
      }
    }
    found.forEach(headers::remove);
  }

  private boolean matches(String header) {
    for (String name : names) {
      if (name.equalsIgnoreCase(header)) {
        return true;
      }
    }
    for (String prefix : prefixes) {
      if (header.regionMatches(true, 0, prefix, 0, prefix.length())) {
        return true;
      }
    }
    return false;
  }
}
