package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.konnectivity.agent.KonnectivityAgent;
import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.konnectivity.agent.LeaseCounting;
import io.hubspoke.konnectivity.agent.ServerAccess;
import io.hubspoke.konnectivity.agent.ServerCountSource;
import io.hubspoke.konnectivity.agent.Syncing;
import io.hubspoke.konnectivity.server.AgentListenerOptions;
import io.hubspoke.konnectivity.server.AgentListenerOptions.TokenAuthentication;
import io.hubspoke.konnectivity.server.FrontendOptions;
import io.hubspoke.konnectivity.server.KonnectivityServer;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ProxyStrategy;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Konnectivity's ends have of an apiserver of ours: leases by which agents count servers, and
 * reviews of agents' tokens.
 */
class KonnectivityApiserverTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration SOON = Duration.ofMillis(50);
  private static final String LOOPBACK = "127.0.0.1";
  private static final SocketAddress ANY = SocketAddress.inetSocketAddress(0, LOOPBACK);
  private static final String LABEL = "k8s-app=konnectivity-server";
  private static final String DELETED =
      "Failed to validate authentication token, err:lookup failed: [invalid bearer token, service"
          + " account default/agents has been deleted]";
  private static final KonnectivityServerOptions.Leases LEASES =
      KonnectivityServerOptions.Leases.DEFAULT;

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Vertx vertx;
  private static ClientConfig api;
  private static HttpClient http;
  private static HttpClient agents;
  private static ServingFiles files;

  private record Server(KonnectivityServer server, String deployment) {
    void stop() throws Exception {
      Await.result(vertx.undeploy(deployment));
    }
  }

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("mesh"), 0);
    vertx = mesh.vertx();
    http = vertx.createHttpClient();
    api = ClientConfig.read(dir.resolve("mesh").resolve("admin.kubeconfig"));
    var pki = Files.createDirectories(dir.resolve("konnectivity"));
    var authority = CertificateAuthority.create("konnectivity", DAY);
    authority.write(pki.resolve("ca.crt"), pki.resolve("ca.key"));
    authority
        .issueServer("server", SubjectAltNames.of(List.of(LOOPBACK)), DAY)
        .write(pki.resolve("server.crt"), pki.resolve("server.key"));
    authority
        .issueClient("agent", List.of(), DAY)
        .write(pki.resolve("agent.crt"), pki.resolve("agent.key"));
    agents =
        vertx.createHttpClient(
            Tls.connect(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setUseAlpn(true),
                null,
                Tls.trust(List.of(authority.certificate()))));
    files =
        new ServingFiles(
            pki.resolve("server.crt"), pki.resolve("server.key"), pki.resolve("ca.crt"));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static Server serve(KonnectivityServerOptions options) throws Exception {
    var server = new KonnectivityServer(options);
    return new Server(server, Await.result(vertx.deployVerticle(server)));
  }

  private static Server withLease(String id) throws Exception {
    return serve(
        KonnectivityServerOptions.of(
                id,
                FrontendOptions.tls(FrontendOptions.Mode.GRPC, ANY, files),
                new AgentListenerOptions(ANY, files))
            .withApiserver(api.withUserAgent("konnectivity-server"), LEASES));
  }

  private static int freePort() throws IOException {
    return FreePort.at(LOOPBACK);
  }

  /** Returns the samples of a family without the agent's prefix. */
  private static List<String> metrics(int port, String family) throws Exception {
    var text =
        Await.result(
            http.request(HttpMethod.GET, port, LOOPBACK, "/metrics")
                .compose(request -> request.send())
                .compose(response -> response.body()));
    var prefix = "konnectivity_network_proxy_agent_";
    return text.toString()
        .lines()
        .filter(line -> line.startsWith(prefix + family))
        .map(line -> line.substring(prefix.length()))
        .toList();
  }

  private static KonnectivityAgent agent(ServerAccess access, Syncing syncing, int health)
      throws Exception {
    var agent =
        new KonnectivityAgent(
            KonnectivityAgentOptions.of("agent", access)
                .withSyncing(syncing)
                .withServing(SocketAddress.inetSocketAddress(health, LOOPBACK), null));
    Await.result(vertx.deployVerticle(agent));
    return agent;
  }

  @Test
  void anAgentLooksForAsManyServersAsKeepALease() throws Exception {
    var kubectl = mesh.kubectl();
    // Of a server that was not stopped in order, long ago.
    kubectl
        .input(
            """
            apiVersion: coordination.k8s.io/v1
            kind: Lease
            metadata:
              name: konnectivity-proxy-server-lost
              namespace: kube-system
              labels: {k8s-app: konnectivity-server}
            spec:
              holderIdentity: lost
              leaseDurationSeconds: 30
              renewTime: "2024-01-01T00:00:00.000000Z"
            """,
            "apply",
            "-f",
            "-")
        .ok();
    var servers = new ArrayList<Server>();
    for (var id : List.of("one", "two", "three")) {
      servers.add(withLease(id));
    }
    var health = freePort();
    agent(
        ServerAccess.of(LOOPBACK, servers.getFirst().server().agentPort(), files.clientCa())
            .withCertificate(
                files.cert().resolveSibling("agent.crt"), files.cert().resolveSibling("agent.key")),
        Syncing.DEFAULT
            .withIntervals(SOON, SOON.multipliedBy(4))
            .withLeases(
                new LeaseCounting(api, LEASES.namespace(), LABEL), ServerCountSource.DEFAULT),
        health);
    Await.until(
        "known servers",
        () -> metrics(health, "known_server_count"),
        List.of("known_server_count 3")::equals);
    Await.until(
        "leases, without that of the server that is lost",
        () ->
            kubectl
                .run(
                    "get",
                    "leases",
                    "--namespace=kube-system",
                    "--selector=" + LABEL,
                    "--output=jsonpath={.items[*].spec.holderIdentity}")
                .ok()
                .strip(),
        "one three two"::equals);
    assertThat(metrics(health, "lease_lists_total"))
        .containsExactly("lease_lists_total{http_response_code=\"200\",reason=\"\"} 1");
    Await.until(
        "its watch, which begins after the list",
        () -> metrics(health, "lease_watches_total"),
        List.of("lease_watches_total{http_response_code=\"200\",reason=\"\"} 1")::equals);
    assertThat(metrics(health, "lease_list_latency_seconds_count"))
        .containsExactly("lease_list_latency_seconds_count{http_response_code=\"200\"} 1");
    // One that stops in order gives its lease up at once.
    servers.removeLast().stop();
    Await.until(
        "known servers",
        () -> metrics(health, "known_server_count"),
        List.of("known_server_count 2")::equals);
    assertThat(servers.getFirst().server().connectedAgents()).isEqualTo(1);
    for (var server : servers) {
      server.stop();
    }
  }

  @Test
  void anAgentThatMayNotReadLeasesLooksForOneServerAndCountsTheRefusals() throws Exception {
    var server = withLease("of-its-own");
    var kubectl = mesh.kubectl();
    kubectl.run("create", "serviceaccount", "nobody").ok();
    var token = kubectl.run("create", "token", "nobody").ok().strip();
    var health = freePort();
    var agent =
        agent(
            ServerAccess.of(LOOPBACK, server.server().agentPort(), files.clientCa())
                .withCertificate(
                    files.cert().resolveSibling("agent.crt"),
                    files.cert().resolveSibling("agent.key")),
            Syncing.DEFAULT
                .withIntervals(SOON, SOON)
                .withLeases(
                    new LeaseCounting(
                        api.withCredentials(new Credentials.Token(token)),
                        LEASES.namespace(),
                        LABEL),
                    ServerCountSource.DEFAULT),
            health);
    Await.until(
        "refusals",
        () -> metrics(health, "lease_lists_total"),
        lines ->
            lines.stream()
                .anyMatch(
                    line ->
                        line.startsWith(
                            "lease_lists_total{http_response_code=\"403\",reason=\"Forbidden\"}")));
    Await.until("connected servers", agent::connectedServers, n -> n == 1);
    server.stop();
  }

  @Test
  void theTokenOfADeletedAccountLetsNobodyInAgain() throws Exception {
    var kubectl = mesh.kubectl();
    kubectl.run("create", "serviceaccount", "agents").ok();
    var token = dir.resolve("token");
    Files.writeString(
        token,
        kubectl.run("create", "token", "agents", "--audience=" + Metadata.AUDIENCE).ok().strip());
    var first = serve(byToken("first", 0));
    var port = first.server().agentPort();
    var agent =
        agent(
            ServerAccess.of(LOOPBACK, port, files.clientCa()).withToken(token),
            Syncing.DEFAULT.withIntervals(SOON, SOON),
            freePort());
    Await.until("connected servers", agent::connectedServers, n -> n == 1);
    kubectl.run("delete", "serviceaccount", "agents").ok();
    Await.until("what is said to the token", () -> shown(token, port), DELETED::equals);
    // Who is in stays in, as with the real one, but only for as long as the connection lasts.
    assertThat(agent.connectedServers()).isEqualTo(1);
    first.stop();
    Await.until("connected servers", agent::connectedServers, n -> n == 0);
    var second = serve(byToken("second", port));
    for (var i = 0; i < 5; i++) {
      assertThat(shown(token, port)).isEqualTo(DELETED);
    }
    assertThat(agent.connectedServers()).isZero();
    assertThat(second.server().connectedAgents()).isZero();
  }

  private static KonnectivityServerOptions byToken(String id, int port) {
    var agents =
        new AgentListenerOptions(
                SocketAddress.inetSocketAddress(port, LOOPBACK),
                new ServingFiles(files.cert(), files.key(), null))
            .withTokens(new TokenAuthentication("default", "agents", Metadata.AUDIENCE));
    return new KonnectivityServerOptions(
        id,
        1,
        List.of(ProxyStrategy.DEFAULT),
        FrontendOptions.tls(FrontendOptions.Mode.GRPC, ANY, files),
        agents,
        Optional.of(api),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Duration.ZERO);
  }

  /** Shows a token as an agent does, and returns what is said against it. */
  private static String shown(Path token, int port) throws Exception {
    var text = Files.readString(token);
    Promise<MultiMap> answered = Promise.promise();
    vertx.runOnContext(
        v ->
            agents
                .request(HttpMethod.POST, port, LOOPBACK, "/")
                .compose(
                    request -> {
                      request
                          .putHeader(Metadata.AGENT_ID, "replaying")
                          .putHeader(Metadata.AUTHORIZATION, "Bearer " + text);
                      var packets = GrpcPackets.call(request, GrpcPackets.CONNECT);
                      return packets.headers().onSuccess(said -> packets.reset().otherwiseEmpty());
                    })
                .onComplete(answered));
    return Await.result(
        answered.future().map("").otherwise(refused -> String.valueOf(refused.getMessage())));
  }
}
