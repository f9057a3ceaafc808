package io.hubspoke.kubelet.server;

import io.vertx.core.http.HttpMethod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what serves a path and a method. A path that no route has is answered with 404, a method
 * that the path's routes don't have with 405, in the words of Go's multiplexer and of go-restful.
 */
final class Routes {
  /** Serves a request; called on its event loop. */
  interface Handler {
    void serve(Exchange exchange);
  }

  /** No methods mean all of them. */
  private record Route(Set<String> methods, List<String> pattern, Handler handler) {}

  private static final Logger LOG = LoggerFactory.getLogger(Routes.class);

  private final Map<String, List<Route>> byRoot = new HashMap<>();

  Routes get(String pattern, Handler handler) {
    return add(Set.of("GET"), pattern, handler);
  }

  Routes post(String pattern, Handler handler) {
    return add(Set.of("POST"), pattern, handler);
  }

  Routes getAndPost(String pattern, Handler handler) {
    return add(Set.of("GET", "POST"), pattern, handler);
  }

  /** Adds a path that any method is good for. */
  Routes any(String pattern, Handler handler) {
    return add(Set.of(), pattern, handler);
  }

  /**
   * Adds a route.
   *
   * @param pattern a path with {@code {names}} for single parts and {@code *} for all that follow
   */
  private Routes add(Set<String> methods, String pattern, Handler handler) {
    List<String> parts = parts(pattern);
    byRoot
        .computeIfAbsent(parts.getFirst(), root -> new ArrayList<>())
        .add(new Route(methods, parts, handler));
    return this;
  }

  /** Serves a request by the first route that matches. */
  void serve(Exchange exchange) {
    List<String> path = parts(exchange.path());
    List<Route> candidates = byRoot.getOrDefault(path.getFirst(), List.of());
    Set<String> allowed = new TreeSet<>();
    HttpMethod method = exchange.request().method();
    for (Route route : candidates) {
      Map<String, String> parameters = match(route.pattern, path);
      if (parameters != null) {
        if (route.methods.isEmpty() || route.methods.contains(method.name())) {
          serve(route.handler, exchange.with(parameters));
          return;
        }
        allowed.addAll(route.methods);
      }
    }
    if (!allowed.isEmpty()) {
      exchange.response().putHeader("Allow", String.join(", ", allowed));
      exchange.refuse(405, "405: Method Not Allowed");
    } else if (candidates.stream().allMatch(route -> route.methods.isEmpty())) {
      exchange.refuse(404, "404 page not found\n");
    } else {
      exchange.refuse(404, "404: Page Not Found");
    }
  }

  /** Serves, and answers for a handler that fails. */
  static void serve(Handler handler, Exchange exchange) {
    try {
      handler.serve(exchange);
    } catch (RuntimeException e) {
      LOG.error("{} failed", exchange.path(), e);
      if (!exchange.response().headWritten()) {
        exchange.refuse(500, "Internal Server Error");
      }
    }
  }

  /** Cuts a path at its slashes; one at the end counts for nothing. */
  private static List<String> parts(String path) {
    String inner = path.startsWith("/") ? path.substring(1) : path;
    if (inner.endsWith("/")) {
      inner = inner.substring(0, inner.length() - 1);
    }
    return List.of(inner.split("/", -1));
  }

  private static Map<String, String> match(List<String> pattern, List<String> path) {
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < pattern.size(); i++) {
      String part = pattern.get(i);
      if (part.equals("*")) {
        return parameters;
      }
      if (i >= path.size()) {
        return null;
      }
      String actual = path.get(i);
      if (part.startsWith("{")) {
        if (actual.isEmpty()) {
          return null;
        }
        parameters.put(part.substring(1, part.length() - 1), actual);
      } else if (!part.equals(actual)) {
        return null;
      }
    }
    return pattern.size() == path.size() ? parameters : null;
  }
}
