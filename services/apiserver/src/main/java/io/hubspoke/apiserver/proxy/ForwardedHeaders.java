package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.hubspoke.streams.upgrade.HeaderList;
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
import java.util.stream.Collectors;

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

  /** Of the request's framing or host, which are set anew, or for this server alone. */
  private static final Set<String> OF_THIS_SERVER =
      Set.of("host", "content-length", "expect", "authorization", "x-forwarded-uri");

  /** By which a front proxy would name the caller, and this server somebody else. */
  private static final List<String> IDENTITY = List.of("x-remote-", "impersonate-");

  private static final Set<String> CORS =
      Set.of(
          "Access-Control-Allow-Credentials",
          "Access-Control-Allow-Headers",
          "Access-Control-Allow-Methods",
          "Access-Control-Allow-Origin");

  private static final String FORWARDED_FOR = "X-Forwarded-For";
  private static final String WEBSOCKET_PROTOCOLS = "Sec-WebSocket-Protocol";

  /** A browser's way to send a bearer token, which can't set headers on a WebSocket. */
  private static final String TOKEN_PROTOCOL = "base64url.bearer.authorization.k8s.io.";

  private ForwardedHeaders() {}

  /**
   * Copies a request's headers for a backend. Cookies go to what pods serve, whose they are; a
   * kubelet has none.
   *
   * @throws io.hubspoke.api.ApiException 400 on a name that is none in HTTP/1
   */
  static void copyRequest(HttpServerRequest http, Backend backend, HttpClientRequest sent) {
    Set<String> dropped = named(http.headers().getAll("Connection"));
    boolean page = accepts(http, "text/html");
    for (Map.Entry<String, String> header : http.headers()) {
      String name = header.getKey().toLowerCase(Locale.ROOT);
      if (!isToken(name)) {
        throw Status.badRequest("malformed header").toException();
      }
      boolean stays =
          HOP_BY_HOP.contains(name)
              || OF_THIS_SERVER.contains(name)
              || dropped.contains(name)
              || name.startsWith(":")
              || name.equalsIgnoreCase(WEBSOCKET_PROTOCOLS)
              || IDENTITY.stream().anyMatch(name::startsWith)
              || (backend instanceof Backend.Kubelet && name.equals("cookie"))
              // Links can be found in a page that isn't compressed.
              || (page && name.equals("accept-encoding"));
      if (!stays) {
        sent.headers().add(header.getKey(), header.getValue());
      }
    }
    sent.putHeader("Host", http.authority() == null ? backend.authority() : host(http));
    String peer = http.remoteAddress() == null ? null : http.remoteAddress().hostAddress();
    if (peer != null) {
      List<String> before = http.headers().getAll(FORWARDED_FOR);
      sent.putHeader(
          FORWARDED_FOR, before.isEmpty() ? peer : String.join(", ", before) + ", " + peer);
    }
  }

  /** Takes out what would let other sites read through this server what a backend lets them. */
  static void removeCors(MultiMap headers) {
    CORS.forEach(headers::remove);
  }

  /** Copies what came behind a body in pieces. */
  static void copyTrailers(HttpClientResponse answer, HttpServerResponse response) {
    answer.trailers().forEach(trailer -> response.putTrailer(trailer.getKey(), trailer.getValue()));
  }

  private static String host(HttpServerRequest http) {
    return http.authority().port() < 0
        ? http.authority().host()
        : http.authority().host() + ":" + http.authority().port();
  }

  private static boolean accepts(HttpServerRequest http, String type) {
    return http.headers().getAll("Accept").stream().anyMatch(value -> value.contains(type));
  }

  /** Returns whether a name is one of HTTP/1 too (RFC 9110 section 5.6.2). */
  private static boolean isToken(String name) {
    return !name.isEmpty()
        && name.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= '0' && c <= '9')
                        || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
  }

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
      if (HOP_BY_HOP.contains(name) || dropped.contains(name) || name.equals("audit-id")) {
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
    return HeaderList.of(connection).stream()
        .map(name -> name.toLowerCase(Locale.ROOT))
        .collect(Collectors.toSet());
  }

  private static List<String> protocols(List<String> offered) {
    return HeaderList.of(offered).stream()
        .filter(protocol -> !protocol.startsWith(TOKEN_PROTOCOL))
        .toList();
  }
}
