package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.kubeletclient.NodeAddresses;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.streams.upgrade.UpgradeRequest;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Set;

/**
 * Answers the {@code proxy} subresource of nodes, pods and services by passing the request on, and
 * everything that comes back, both ways at the pace of whoever reads.
 */
public final class ProxyEndpoint implements Endpoint {
  private static final Set<HttpMethod> METHODS =
      Set.of(
          HttpMethod.GET,
          HttpMethod.POST,
          HttpMethod.PUT,
          HttpMethod.PATCH,
          HttpMethod.DELETE,
          HttpMethod.HEAD,
          HttpMethod.OPTIONS);

  private final BackendFinder backends;
  private final ProxyClient client;

  private ProxyEndpoint(BackendFinder backends, ProxyClient client) {
    this.backends = backends;
    this.client = client;
  }

  public static Endpoint nodes(NodeAddresses addresses, ProxyClient client) {
    return new ProxyEndpoint(new NodeBackends(addresses), client);
  }

  public static Endpoint pods(Lister lister, AllowedAddresses allowed, ProxyClient client) {
    return new ProxyEndpoint(new PodBackends(lister, ResourceTable.PODS.type(), allowed), client);
  }

  public static Endpoint services(Lister lister, AllowedAddresses allowed, ProxyClient client) {
    return new ProxyEndpoint(new ServiceBackends(lister, allowed), client);
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    HttpServerRequest http = request.http();
    if (!METHODS.contains(http.method())) {
      throw Status.methodNotAllowed().toException();
    }
    if (request.info().isOfWatchPrefix()) {
      throw Status.unknownPath().toException();
    }
    ProxyPath path = ProxyPath.of(request);
    boolean upgrade = UpgradeRequest.is(http);
    return backends
        .find(request)
        .compose(
            backend -> {
              boolean reads =
                  http.method().equals(HttpMethod.GET) || http.method().equals(HttpMethod.HEAD);
              if (path.path().isEmpty() && reads && !upgrade) {
                return redirect(http.response(), path);
              }
              return client
                  .request(backend, http.method(), path.target())
                  .recover(
                      failure ->
                          Future.failedFuture(
                              upgrade
                                  ? BackendError.of("error dialing backend", failure)
                                  : BackendError.unreachable(failure)))
                  .compose(sent -> pass(request, backend, path, sent, upgrade))
                  .onComplete(done -> client.ended(backend));
            });
  }

  private static Future<Void> pass(
      ApiRequest request,
      Backend backend,
      ProxyPath path,
      HttpClientRequest sent,
      boolean upgrade) {
    // It is told by the answer's failure.
    sent.exceptionHandler(broken -> {});
    try {
      ForwardedHeaders.copyRequest(request.http(), backend, sent);
    } catch (RuntimeException refused) {
      sent.reset();
      throw refused;
    }
    if (upgrade) {
      ForwardedHeaders.copyUpgrade(request.http(), sent);
      return UpgradeRelay.pass(request, sent);
    }
    sent.putHeader("X-Forwarded-Uri", path.prefix() + path.path());
    String host = request.http().getHeader("Host");
    LinkRewriter links =
        new LinkRewriter(path.prefix(), backend.authority(), host == null ? "" : host);
    return new Exchange(request.context(), request.http(), sent, links).run();
  }

  /** Without the slash, a page's relative links would lead beside it. */
  private static Future<Void> redirect(HttpServerResponse response, ProxyPath path) {
    return response.setStatusCode(301).putHeader("Location", path.withSlash()).end();
  }
}
