package io.hubspoke.apiserver.kubeletclient;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.runtime.Component;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.streams.Pipe;

/** Answers {@code GET pods/{name}/log} with what the pod's kubelet streams. */
public final class PodLogEndpoint implements Endpoint {
  /** To HTTP/2's clients; without a code a reset says that all is well (RFC 9113, section 7). */
  private static final int INTERNAL_ERROR = 2;

  private final Lister lister;
  private final ResourceType pods;
  private final NodeAddresses addresses;
  private final KubeletClient kubelets;

  public PodLogEndpoint(
      Lister lister, ResourceType pods, NodeAddresses addresses, KubeletClient kubelets) {
    this.lister = lister;
    this.pods = pods;
    this.addresses = addresses;
    this.kubelets = kubelets;
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    if (!request.info().verb().equals("get")) {
      throw Status.methodNotAllowed().toException();
    }
    String name = request.info().name();
    PodLogOptions options = PodLogOptions.of(request);
    ObjectNode pod = lister.need(pods, request.info().namespace(), name);
    String container = ContainerChoice.of(pod, name, options.container());
    String node = pod.path("spec").path("nodeName").asText("");
    request.http().response().putHeader("Content-Type", "text/plain");
    if (node.isEmpty()) {
      // Nothing runs yet, so there is nothing to show; the real apiserver answers the same.
      return request.http().response().end();
    }
    String path =
        "/containerLogs/"
            + PathSegment.encode(request.info().namespace())
            + "/"
            + PathSegment.encode(name)
            + "/"
            + PathSegment.encode(container);
    String query = options.query();
    String uri = query.isEmpty() ? path : path + "?" + query;
    return addresses
        .of(node)
        .compose(kubelet -> stream(request, kubelet, uri, options.insecureSkipTlsVerifyBackend()));
  }

  private Future<Void> stream(
      ApiRequest request, NodeAddresses.KubeletAddress kubelet, String uri, boolean skipVerify) {
    String url = "https://" + kubelet.target().authority() + uri;
    return kubelets
        .request(kubelet, HttpMethod.GET, uri, skipVerify)
        .compose(
            sent -> {
              // A client that goes takes the kubelet's stream with it, also before its first byte.
              request.http().response().closeHandler(gone -> sent.reset());
              return request.http().response().closed()
                  ? sent.reset().mapEmpty()
                  : sent.send().compose(answer -> relay(request, sent, answer));
            })
        .recover(failure -> Future.failedFuture(describe(failure, url)));
  }

  private static Future<Void> relay(
      ApiRequest request, HttpClientRequest sent, HttpClientResponse answer) {
    if (answer.statusCode() < 200 || answer.statusCode() > 206) {
      return KubeletError.read(answer, request.info().name())
          .compose(status -> Future.failedFuture(status.toException()));
    }
    // Made before anything is waited for: it pauses the answer, whose bytes would else be lost.
    Pipe<Buffer> log = answer.pipe().endOnFailure(false);
    var response = request.http().response();
    response.setChunked(true);
    // Head first: followers of a quiet log learn that they are connected.
    return response
        .writeHead()
        .compose(
            head ->
                log.to(response)
                    .onFailure(
                        broken -> {
                          // A log that breaks off must not look complete.
                          sent.reset();
                          response.reset(INTERNAL_ERROR);
                        }));
  }

  private static Throwable describe(Throwable failure, String url) {
    String what = "Get \"" + url + "\": " + Component.reason(failure);
    return switch (failure) {
      case ApiException told -> told;
      case TunnelDownException down -> Status.serviceUnavailable(what).toException();
      default -> Status.of(500, "", what).toException();
    };
  }
}
