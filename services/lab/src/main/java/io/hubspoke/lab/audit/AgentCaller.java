package io.hubspoke.lab.audit;

import io.hubspoke.lab.Place;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Somebody who offers himself to a Konnectivity server as an agent. */
final class AgentCaller implements AutoCloseable {
  private static final String CONNECT = "/AgentService/Connect";
  private static final int TIMEOUT_SECONDS = 10;

  private final SocketAddress server;
  private final HttpClient http;

  /** How the server took him: as an agent, under its own id, or not at all and why. */
  record Taken(boolean asAgent, String said) {}

  /**
   * Calls from a place of his own.
   *
   * @param identity null to present no certificate
   */
  AgentCaller(SocketAddress server, Place from, Identity identity) {
    this.server = server;
    var keys = identity == null ? new ReloadableKeys() : new ReloadableKeys(identity);
    var options =
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setUseAlpn(true)
            .setVerifyHost(false)
            .setLocalAddress(from.address());
    this.http = from.vertx().createHttpClient(Tls.connect(options, keys, Tls.trustAny(List.of())));
  }

  /**
   * Opens an agent's stream.
   *
   * @param token null to show none
   */
  Taken offer(String id, String token) throws InterruptedException {
    try {
      return Component.await(
          http.request(
                  new RequestOptions()
                      .setMethod(HttpMethod.POST)
                      .setServer(server)
                      .setHost(server.host())
                      .setPort(server.port())
                      .setSsl(true)
                      .setURI(CONNECT))
              .compose(request -> open(request, id, token))
              .timeout(TIMEOUT_SECONDS, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return new Taken(false, Component.reason(e));
    }
  }

  /** A server that takes him says who it is; one that doesn't ends the call at once. */
  private static Future<Taken> open(HttpClientRequest request, String id, String token) {
    request
        .setChunked(true)
        .putHeader("content-type", "application/grpc")
        .putHeader("te", "trailers")
        .putHeader(Metadata.AGENT_ID, id);
    if (token != null) {
      request.putHeader(Metadata.AUTHORIZATION, "Bearer " + token);
    }
    // Who is refused hears so by the answer; that the call is over then is no failure.
    request.exceptionHandler(over -> {});
    var answered = request.response();
    request.sendHead().onFailure(e -> request.reset());
    return answered.map(
        response -> {
          response.exceptionHandler(over -> {});
          var status = response.getHeader("grpc-status");
          var serverId = response.getHeader(Metadata.SERVER_ID);
          var taken =
              response.statusCode() == 200 && status == null && serverId != null
                  ? new Taken(true, "server " + serverId)
                  : new Taken(
                      false,
                      "status %d, grpc-status %s: %s"
                          .formatted(
                              response.statusCode(), status, response.getHeader("grpc-message")));
          request.reset();
          return taken;
        });
  }

  @Override
  public void close() {
    // Nobody waits: no stream of it is left.
    http.close().otherwiseEmpty();
  }
}
