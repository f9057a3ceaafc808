package io.hubspoke.lab;

import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.konnectivity.agent.Dialling;
import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.konnectivity.agent.ServerAccess;
import io.hubspoke.konnectivity.agent.Syncing;
import io.hubspoke.konnectivity.server.AgentListenerOptions;
import io.hubspoke.konnectivity.server.FrontendOptions;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ProxyStrategy;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A Konnectivity server beside the apiserver, and an agent on each node, which reaches it over a
 * wire. Where the hub speaks gRPC it does so over a Unix socket and agents show tokens; where it
 * speaks HTTP CONNECT it does so over TLS and agents show certificates: so both ways of both are
 * there. A deployment has a server already.
 */
public final class KonnectivityTunnels implements Tunnels {
  private static final String HUB = "127.0.0.1";
  private static final Duration RETRY = Duration.ofMillis(100);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(1);

  private final Vertx vertx;
  private final Site site;
  private final MeshComponents components;
  private final Map<String, String> agents = new ConcurrentHashMap<>();
  private final Promise<Void> published = Promise.promise();
  private KonnectivityFiles files;
  private ApiClient api;
  private SocketAddress frontend;
  private String server;
  private Wire uplink;

  KonnectivityTunnels(Vertx vertx, Site site, MeshComponents components) {
    this.vertx = vertx;
    this.site = site;
    this.components = components;
  }

  private boolean byGrpc() {
    return components.options().egress() == Egress.KONNECTIVITY_GRPC;
  }

  @Override
  public void open() throws Exception {
    files = KonnectivityFiles.write(components.files());
    var agentPort =
        SocketAddress.inetSocketAddress(
            Addresses.AGENT_PORT, components.addresses().konnectivityServer());
    if (!site.deployed()) {
      startServer(agentPort);
    }
    uplink =
        Component.await(
            site.wire(
                SocketAddress.inetSocketAddress(
                    Addresses.AGENT_PORT, components.addresses().konnectivityUplink()),
                agentPort));
  }

  private void startServer(SocketAddress agentPort) throws Exception {
    frontend =
        byGrpc()
            ? SocketAddress.domainSocketAddress(files.socket().toString())
            : SocketAddress.inetSocketAddress(
                site.isolates() ? Addresses.KONNECTIVITY_PORT : FreePort.at(HUB), HUB);
    AtomicFile.writePublic(files.egressSelector(), egressSelector());
    server = Component.await(site.start(Part.of(options(agentPort))));
  }

  private KonnectivityServerOptions options(SocketAddress agentPort) throws IOException {
    var serving =
        new ServingFiles(
            files.serverCertificate(), files.serverKey(), byGrpc() ? null : files.agentAuthority());
    var listener = new AgentListenerOptions(agentPort, serving);
    var hub =
        byGrpc()
            ? FrontendOptions.unix(FrontendOptions.Mode.GRPC, files.socket())
            : FrontendOptions.tls(
                FrontendOptions.Mode.HTTP_CONNECT,
                frontend,
                new ServingFiles(
                    files.frontendCertificate(), files.frontendKey(), files.frontendAuthority()));
    Optional<ClientConfig> apiserver = Optional.empty();
    if (byGrpc()) {
      listener =
          listener.withTokens(
              new AgentListenerOptions.TokenAuthentication(
                  KonnectivityAccount.NAMESPACE, KonnectivityAccount.NAME, Metadata.AUDIENCE));
      apiserver =
          Optional.of(
              ClientConfig.read(files.kubeconfig())
                  .withLocalAddress(components.addresses().konnectivityServer())
                  .withUserAgent("konnectivity-server"));
    }
    var loopback = SocketAddress.inetSocketAddress(0, HUB);
    var options =
        new KonnectivityServerOptions(
            "konnectivity-server",
            1,
            List.of(ProxyStrategy.DEST_HOST, ProxyStrategy.DEFAULT),
            hub,
            listener,
            apiserver,
            Optional.empty(),
            Optional.of(loopback),
            Optional.of(loopback),
            Duration.ZERO);
    return components.options().changes().tunnels().server().apply(options);
  }

  private String egressSelector() {
    var transport =
        byGrpc()
            ? """
                  uds:
                    udsName: %s"""
                .formatted(files.socket())
            : """
                  tcp:
                    url: https://%s:%d
                    tlsConfig:
                      caBundle: %s
                      clientCert: %s
                      clientKey: %s"""
                .formatted(
                    frontend.host(),
                    frontend.port(),
                    files.frontendAuthority(),
                    files.clientCertificate(),
                    files.clientKey());
    return """
    apiVersion: apiserver.k8s.io/v1beta1
    kind: EgressSelectorConfiguration
    egressSelections:
    - name: cluster
      connection:
        proxyProtocol: %s
        transport:
    %s
    """
        .formatted(byGrpc() ? "GRPC" : "HTTPConnect", transport.indent(6).stripTrailing());
  }

  @Override
  public EgressOptions egress() {
    return EgressOptions.configured(files.egressSelector());
  }

  @Override
  public Future<Void> publish(ApiClient admin) {
    api = admin;
    if (byGrpc()) {
      KonnectivityAccount.create(admin).onComplete(published);
    } else {
      published.complete();
    }
    return published.future();
  }

  @Override
  public Future<Void> start(String node, int n) {
    return credentials(node)
        .map(access -> agent(node, n, access))
        .compose(options -> site.start(Part.of(node, options)))
        .onSuccess(id -> agents.put(node, id))
        .mapEmpty();
  }

  private Future<ServerAccess> credentials(String node) {
    var access =
        ServerAccess.of(
            components.addresses().konnectivityUplink(),
            Addresses.AGENT_PORT,
            components.files().caCertificate());
    if (!byGrpc()) {
      return vertx.executeBlocking(
          () -> {
            files.issueAgent(node);
            return access.withCertificate(files.agentCertificate(node), files.agentKey(node));
          });
    }
    return published
        .future()
        .compose(v -> KonnectivityAccount.token(api))
        .compose(
            token ->
                vertx.executeBlocking(
                    () -> {
                      files.writeToken(node, token);
                      return access.withToken(files.token(node));
                    }));
  }

  private KonnectivityAgentOptions agent(String node, int n, ServerAccess access) {
    var address = components.addresses().nodeAdvertises(n);
    var options =
        KonnectivityAgentOptions.of(node, access)
            .withIdentifiers("ipv4=" + address)
            .withSyncing(Syncing.DEFAULT.withIntervals(RETRY, LONGEST_RETRY))
            .withDialling(
                Dialling.DEFAULT
                    .withLocalAddress(InetAddress.ofLiteral(address))
                    .withGrace(Duration.ZERO));
    return components.options().changes().tunnels().agent().apply(options);
  }

  /** Nodes share it: agents open what it carries. */
  @Override
  public Optional<Wire> wire(String node) {
    return Optional.ofNullable(uplink);
  }

  /** Where the apiserver dials. */
  public SocketAddress frontend() {
    return frontend;
  }

  /** The Unix socket where the apiserver dials; empty where it is a port. */
  public Optional<Path> socket() {
    return byGrpc() ? Optional.of(files.socket()) : Optional.empty();
  }

  /** What the apiserver shows there. */
  public Identity clientIdentity() throws IOException {
    return Identity.read(files.clientCertificate(), files.clientKey());
  }

  /** What a node's agent shows, where that is a certificate. */
  public Identity agentIdentity(String node) throws IOException {
    return Identity.read(files.agentCertificate(node), files.agentKey(node));
  }

  /** Issues a certificate as the agents' authority would. */
  public Identity issueAgent(CertificateProfile profile) {
    return files.agents().issue(profile);
  }

  @Override
  public Future<Void> stop(String node) {
    var agent = agents.remove(node);
    return agent == null ? Future.succeededFuture() : site.stop(agent).otherwiseEmpty();
  }

  @Override
  public Future<Void> close() {
    return Future.join(List.copyOf(agents.keySet()).stream().map(this::stop).toList())
        .otherwiseEmpty()
        .compose(v -> server == null ? Future.succeededFuture() : site.stop(server))
        .otherwiseEmpty()
        .compose(v -> uplink == null ? Future.succeededFuture() : uplink.close());
  }
}
