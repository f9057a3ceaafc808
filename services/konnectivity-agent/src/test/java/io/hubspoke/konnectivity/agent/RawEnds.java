package io.hubspoke.konnectivity.agent;

import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.RawGrpcCall;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;

/** Calls servers in place of clients and agents. */
final class RawEnds {
  private final HttpClient clients;
  private final HttpClient agents;
  private final HttpClient unix;

  RawEnds(Vertx vertx, Pki pki) throws Exception {
    clients = client(vertx, pki.identity("client"));
    agents = client(vertx, pki.identity("agent"));
    unix =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
  }

  private static HttpClient client(Vertx vertx, Identity identity) {
    var options =
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2))
            .setVerifyHost(true);
    return vertx.createHttpClient(
        Tls.connect(
            options,
            new ReloadableKeys(identity),
            Tls.trust(List.of(ForeignServer.CA.certificate()))));
  }

  private static RequestOptions to(int port, String path) {
    return new RequestOptions()
        .setMethod(HttpMethod.POST)
        .setHost("127.0.0.1")
        .setPort(port)
        .setURI(path);
  }

  /** Calls as a client does. */
  RawGrpcCall client(int port) throws Exception {
    return Await.result(openClient(port));
  }

  Future<RawGrpcCall> openClient(int port) {
    return RawGrpcCall.open(clients, to(port, "/ProxyService/Proxy"));
  }

  /** Calls as an agent does, and has been answered. */
  RawGrpcCall agent(int port) throws Exception {
    var call = Await.result(openAgent(port));
    call.headers();
    return call;
  }

  Future<RawGrpcCall> openAgent(int port) {
    return RawGrpcCall.open(
        agents,
        to(port, "/AgentService/Connect")
            .putHeader("agentid", "replayed")
            .putHeader("agentidentifiers", ""));
  }

  /** Calls as Go's gRPC does over a Unix socket: whose path it names as the authority. */
  RawGrpcCall client(Path socket) throws Exception {
    return Await.result(
        RawGrpcCall.open(
            unix,
            to(80, "/ProxyService/Proxy")
                .setServer(SocketAddress.domainSocketAddress(socket.toString()))
                .setHost(socket.toString())));
  }
}
