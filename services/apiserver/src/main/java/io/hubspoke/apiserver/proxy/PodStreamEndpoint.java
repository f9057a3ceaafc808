package io.hubspoke.apiserver.proxy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.kubeletclient.ContainerChoice;
import io.hubspoke.apiserver.kubeletclient.KubeletClient;
import io.hubspoke.apiserver.kubeletclient.NodeAddresses;
import io.hubspoke.apiserver.kubeletclient.PathSegment;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.streams.upgrade.UpgradeRequest;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.Set;

/**
 * Answers {@code pods/{name}/exec}, {@code attach} and {@code portforward} by passing the stream on
 * to the pod's kubelet, whichever protocol it is of.
 */
public final class PodStreamEndpoint implements Endpoint {
  private static final Set<HttpMethod> METHODS = Set.of(HttpMethod.GET, HttpMethod.POST);

  /** What is streamed. */
  public enum Kind {
    EXEC("exec", "/exec/"),
    ATTACH("attach", "/attach/"),
    PORT_FORWARD("portforward", "/portForward/");

    private final String subresource;
    private final String kubeletPath;

    Kind(String subresource, String kubeletPath) {
      this.subresource = subresource;
      this.kubeletPath = kubeletPath;
    }

    public String subresource() {
      return subresource;
    }
  }

  private final Kind kind;
  private final Lister lister;
  private final ResourceType pods;
  private final NodeAddresses addresses;
  private final KubeletClient kubelets;

  public PodStreamEndpoint(
      Kind kind,
      Lister lister,
      ResourceType pods,
      NodeAddresses addresses,
      KubeletClient kubelets) {
    this.kind = kind;
    this.lister = lister;
    this.pods = pods;
    this.addresses = addresses;
    this.kubelets = kubelets;
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    HttpServerRequest http = request.http();
    if (!METHODS.contains(http.method())) {
      throw Status.methodNotAllowed().toException();
    }
    if (!request.info().remainder().isEmpty() || request.info().isOfWatchPrefix()) {
      throw Status.unknownPath().toException();
    }
    String name = request.info().name();
    ObjectNode pod = lister.need(pods, request.info().namespace(), name);
    String uri = uri(request, pod);
    String node = pod.path("spec").path("nodeName").asText("");
    if (node.isEmpty()) {
      throw Status.badRequest("pod " + name + " does not have a host assigned").toException();
    }
    return addresses
        .of(node)
        .compose(
            kubelet -> {
              if (!UpgradeRequest.is(http)) {
                throw Status.badRequest("Upgrade request required").toException();
              }
              return kubelets
                  .request(kubelet, http.method(), uri, false)
                  .recover(
                      failure ->
                          Future.failedFuture(BackendError.of("error dialing backend", failure)));
            })
        .compose(
            sent -> {
              ForwardedHeaders.copyUpgrade(http, sent);
              return UpgradeRelay.pass(request, sent);
            });
  }

  private String uri(ApiRequest request, ObjectNode pod) {
    String name = request.info().name();
    StringBuilder uri =
        new StringBuilder(kind.kubeletPath)
            .append(PathSegment.encode(request.info().namespace()))
            .append('/')
            .append(PathSegment.encode(name));
    if (kind != Kind.PORT_FORWARD) {
      String container = ContainerChoice.of(pod, name, request.param("container"));
      uri.append('/').append(PathSegment.encode(container));
    }
    String query = PodStreamOptions.query(kind, request.query());
    return query.isEmpty() ? uri.toString() : uri.append('?').append(query).toString();
  }
}
