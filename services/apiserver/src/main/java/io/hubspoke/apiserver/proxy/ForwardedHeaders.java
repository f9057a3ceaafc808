package io.hubspoke.apiserver.proxy;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Says which headers go on. Those of one hop do not (RFC 9110 section 7.6.1), nor does anything
 * that proves or says who the caller is.
 */
final class ForwardedHeaders {
  /** Of one connection, whether or not {@code Connection} names them. */
  private static final Set<String> HOP_BY_HOP =
      Set.of(
          "connection",
          "proxy-connection",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  /** What a kubelet needs of a request to upgrade; nothing else of the caller's is its business. */
  private static final List<String> OF_STREAMS =
      List.of(
          "Upgrade",
          "X-Stream-Protocol-Version",
          "Sec-WebSocket-Version",
          "Sec-WebSocket-Key",
          "Sec-WebSocket-Extensions",
          "User-Agent");

  private static final String WEBSOCKET_PROTOCOLS = "Sec-WebSocket-Protocol";

  /** A browser's way to send a bearer token, which can't set headers on a WebSocket. */
  private static final String TOKEN_PROTOCOL = "base64url.bearer.authorization.k8s.io.";

  private ForwardedHeaders() {}

  /** Copies what a kubelet is to know of a request to upgrade. */
  static void copyUpgrade(HttpServerRequest http, HttpClientRequest sent) {
    for (String name : OF_STREAMS) {
      List<String> values = http.headers().getAll(name);
      if (!values.isEmpty()) {
        sent.putHeader(name, values);
      }
    }
    List<String> protocols = protocols(http.headers().getAll(WEBSOCKET_PROTOCOLS));
    if (!protocols.isEmpty()) {
      sent.putHeader(WEBSOCKET_PROTOCOLS, String.join(", ", protocols));
    }
  }

  /** Returns the headers of an answer 101 as they go to the client. */
  static MultiMap ofUpgrade(MultiMap answer) {
    MultiMap headers = MultiMap.caseInsensitiveMultiMap();
    copy(answer, headers);
    headers.set("Connection", "Upgrade");
    if (answer.contains("Upgrade")) {
      headers.set("Upgrade", answer.get("Upgrade"));
    }
    headers.remove("Content-Length");
    return headers;
  }

  /** Copies the headers of an answer whose body follows. */
  static void copyAnswer(HttpClientResponse answer, HttpServerResponse response) {
    copy(answer.headers(), response.headers());
    if (!answer.headers().contains("Content-Length")) {
      response.setChunked(true);
    }
  }

  private static void copy(MultiMap from, MultiMap to) {
    Set<String> dropped = named(from.getAll("Connection"));
    Set<String> replaced = new HashSet<>();
    for (Map.Entry<String, String> header : from) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (HOP_BY_HOP.contains(name) || dropped.contains(name)) {
        continue;
      }
      if (replaced.add(name)) {
        to.set(header.getKey(), header.getValue());
      } else {
        to.add(header.getKey(), header.getValue());
      }
    }
  }

  /** Returns what {@code Connection} names, in lower case. */
  private static Set<String> named(List<String> connection) {
    Set<String> names = new HashSet<>();
    for (String value : connection) {
      for (String name : value.split(",", -1)) {
        names.add(name.strip().toLowerCase(Locale.ROOT));
      }
    }
    return names;
  }

  private static List<String> protocols(List<String> offered) {
    return offered.stream()
        .flatMap(value -> List.of(value.split(",", -1)).stream())
        .map(String::strip)
        .filter(protocol -> !protocol.isEmpty() && !protocol.startsWith(TOKEN_PROTOCOL))
        .toList();
  }
}
