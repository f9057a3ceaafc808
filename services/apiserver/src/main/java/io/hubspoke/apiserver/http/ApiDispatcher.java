package io.hubspoke.apiserver.http;

import io.hubspoke.api.Status;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.util.List;
import java.util.Map;

/**
 * Gives a request to the endpoint that answers it: to a resource's own, to the one for all other
 * resources, or to the one of a path.
 */
public final class ApiDispatcher implements Endpoint {
  /**
   * Names a resource or subresource that has an endpoint of its own.
   *
   * @param subresource empty for the resource itself
   */
  public record ResourceKey(String group, String version, String resource, String subresource) {}

  private static final List<String> PROBES = List.of("/healthz", "/livez", "/readyz");

  private final Map<ResourceKey, Endpoint> special;
  private final Endpoint resources;
  private final Map<String, Endpoint> paths;
  private final Endpoint discovery;

  /**
   * Knows these endpoints.
   *
   * @param paths endpoints of non-resource paths; one whose path ends with a slash answers all
   *     paths that begin with it
   * @param discovery answers {@code /api}, {@code /apis} and what is below them
   */
  public ApiDispatcher(
      Map<ResourceKey, Endpoint> special,
      Endpoint resources,
      Map<String, Endpoint> paths,
      Endpoint discovery) {
    this.special = Map.copyOf(special);
    this.resources = resources;
    this.paths = Map.copyOf(paths);
    this.discovery = discovery;
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    RequestInfo info = request.info();
    if (request.http().method().equals(HttpMethod.HEAD)
        && !isProbe(info.path())
        && !info.subresource().equals("proxy")) {
      throw Status.methodNotAllowed().toException();
    }
    return (info.resourceRequest() ? forResource(info) : forPath(info.path())).handle(request);
  }

  /** The real apiserver's routes are of GET alone; health is asked for by whatever can ask. */
  private static boolean isProbe(String path) {
    return PROBES.stream().anyMatch(probe -> path.equals(probe) || path.startsWith(probe + "/"));
  }

  private Endpoint forResource(RequestInfo info) {
    return special.getOrDefault(
        new ResourceKey(info.group(), info.version(), info.resource(), info.subresource()),
        resources);
  }

  private Endpoint forPath(String path) {
    Endpoint exact = paths.get(path);
    if (exact != null) {
      return exact;
    }
    for (String root : List.of("/api", "/apis")) {
      if (path.equals(root) || path.startsWith(root + "/")) {
        return discovery;
      }
    }
    for (int end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      Endpoint prefix = paths.get(path.substring(0, end + 1));
      if (prefix != null) {
        return prefix;
      }
    }
    return request -> Future.failedFuture(Status.unknownPath().toException());
  }
}
