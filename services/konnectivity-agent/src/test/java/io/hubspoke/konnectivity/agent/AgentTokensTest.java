package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.konnectivity.server.AgentListenerOptions;
import io.hubspoke.konnectivity.server.AgentListenerOptions.TokenAuthentication;
import io.hubspoke.konnectivity.server.FrontendOptions.Mode;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Agents that show service accounts' tokens, which an apiserver judges. */
class AgentTokensTest {
  private static final String AGENT = "system:serviceaccount:kube-system:konnectivity-agent";

  @TempDir Path folder;
  private final List<String> reviewed = new CopyOnWriteArrayList<>();
  private Vertx vertx;
  private TestTunnel tunnel;
  private RawEnds ends;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    var pki = Pki.in(folder);
    ends = new RawEnds(vertx, pki);
    var apiserver = apiserver(pki);
    tunnel = new TestTunnel(vertx, pki);
    var mutual = tunnel.options(Mode.GRPC, "server-1", 0, 0);
    tunnel.serve(
        new KonnectivityServerOptions(
            "server-1",
            1,
            mutual.strategies(),
            mutual.frontend(),
            new AgentListenerOptions(
                    mutual.agents().address(),
                    new ServingFiles(pki.cert("server"), pki.key("server"), null))
                .withTokens(
                    new TokenAuthentication(
                        "kube-system", "konnectivity-agent", Metadata.AUDIENCE)),
            Optional.of(
                ClientConfig.of(
                    "https://127.0.0.1:" + apiserver.actualPort(),
                    List.of(ForeignServer.CA.certificate()),
                    new Credentials.None())),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Duration.ZERO));
  }

  @AfterEach
  void end() throws Exception {
    Await.result(vertx.close());
  }

  private HttpServer apiserver(Pki pki) throws Exception {
    var options = new HttpServerOptions().setHost("127.0.0.1").setPort(0).setUseAlpn(true);
    return Await.result(
        vertx
            .createHttpServer(
                Tls.serve(options, new ReloadableKeys(pki.identity("server")), List.of()))
            .requestHandler(request -> request.bodyHandler(body -> review(request, body)))
            .listen());
  }

  private void review(HttpServerRequest request, Buffer body) {
    var review = new JsonObject(body);
    var spec = review.getJsonObject("spec");
    var token = spec.getString("token");
    reviewed.add(token);
    assertThat(spec.getJsonArray("audiences")).containsExactly(Metadata.AUDIENCE);
    var status =
        switch (token) {
          case "good" -> authenticated(AGENT, Metadata.AUDIENCE);
          case "of-another-account" ->
              authenticated(AGENT.replace("agent", "other"), Metadata.AUDIENCE);
          case "for-another-audience" -> authenticated(AGENT, "https://kubernetes.default.svc");
          default -> new JsonObject().put("authenticated", false).put("error", "token expired");
        };
    request
        .response()
        .setStatusCode(201)
        .putHeader("Content-Type", "application/json")
        .end(review.put("status", status).toBuffer());
  }

  private static JsonObject authenticated(String user, String audience) {
    return new JsonObject()
        .put("authenticated", true)
        .put("audiences", new JsonArray().add(audience))
        .put("user", new JsonObject().put("username", user));
  }

  @ParameterizedTest
  @ValueSource(strings = {"expired", "for-another-audience", "of-another-account"})
  void only_the_agents_own_token_for_the_server_lets_it_in(String bad) throws Exception {
    var token = folder.resolve("token");
    Files.writeString(token, bad);
    var agent =
        new KonnectivityAgent(
            KonnectivityAgentOptions.of(
                    "agent-1",
                    ServerAccess.of("127.0.0.1", tunnel.server().agentPort(), tunnel.pki.ca())
                        .withToken(token))
                .withSyncing(Syncing.DEFAULT.withIntervals(TestTunnel.SOON, TestTunnel.SOON)));
    Await.result(vertx.deployVerticle(agent));
    Await.until("attempts", () -> reviewed.size() > 2);
    assertThat(agent.connectedServers()).isZero();
    assertThat(tunnel.server().connectedAgents()).isZero();
    Files.writeString(token, "good");
    tunnel.awaitAgents(1);
    assertThat(reviewed).contains(bad, "good");
  }

  @Test
  void without_a_token_nobody_is_asked() throws Exception {
    var call = Await.result(ends.openAgent(tunnel.server().agentPort()));
    assertThat(call.ended())
        .isEqualTo("status 2: Authentication context was not found in metadata");
    assertThat(tunnel.server().connectedAgents()).isZero();
    assertThat(reviewed).isEmpty();
  }
}
