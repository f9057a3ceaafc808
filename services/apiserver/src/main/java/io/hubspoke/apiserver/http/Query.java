package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** A request's decoded query parameters. As in Kubernetes, the case of their names matters. */
public record Query(Map<String, List<String>> parameters) {
  private static final int MOST_PARAMETERS = 1024;

  /**
   * Decodes the query of a URI.
   *
   * @throws io.hubspoke.api.ApiException 400 when it is not validly percent-encoded or too long
   */
  public static Query of(String uri) {
    int start = uri.indexOf('?');
    if (start < 0) {
      return new Query(Map.of());
    }
    // The decoder would leave out what is one too many, a dryRun for example.
    if (uri.chars().skip(start).filter(c -> c == '&').count() >= MOST_PARAMETERS) {
      throw Status.badRequest("the query has more than " + MOST_PARAMETERS + " parameters")
          .toException();
    }
    try {
      return new Query(
          new QueryStringDecoder(
                  uri.substring(start + 1), StandardCharsets.UTF_8, false, MOST_PARAMETERS, true)
              .parameters());
    } catch (IllegalArgumentException e) {
      throw Status.badRequest("the query is not validly percent-encoded").toException();
    }
  }

  /** Returns a parameter's first value, null when it is absent. */
  public String get(String name) {
    List<String> values = getAll(name);
    return values.isEmpty() ? null : values.getFirst();
  }

  /** Returns a parameter's first value, empty when it is absent. */
  public String text(String name) {
    String value = get(name);
    return value == null ? "" : value;
  }

  public List<String> getAll(String name) {
    return parameters.getOrDefault(name, List.of());
  }

  public boolean contains(String name) {
    return parameters.containsKey(name);
  }
}
