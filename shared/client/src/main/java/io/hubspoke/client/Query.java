package io.hubspoke.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Builds the query part of a request's URI. */
public final class Query {
  private final StringBuilder uri;
  private char separator;

  public Query(String path) {
    uri = new StringBuilder(path);
    separator = path.indexOf('?') < 0 ? '?' : '&';
  }

  /** Adds a parameter unless its value is null or empty. */
  public Query add(String name, String value) {
    if (value != null && !value.isEmpty()) {
      uri.append(separator).append(name).append('=').append(encode(value));
      separator = '&';
    }
    return this;
  }

  /** Adds a number unless it is 0. */
  public Query add(String name, long value) {
    return value == 0 ? this : add(name, Long.toString(value));
  }

  /** Encodes a path segment or a parameter's value. */
  static String encode(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public String toString() {
    return uri.toString();
  }
}
