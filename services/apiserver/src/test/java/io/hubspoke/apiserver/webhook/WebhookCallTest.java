package io.hubspoke.apiserver.webhook;

import static io.hubspoke.apiserver.webhook.Configurations.json;
import static io.hubspoke.apiserver.webhook.Configurations.rule;
import static io.hubspoke.apiserver.webhook.Configurations.validating;
import static io.hubspoke.apiserver.webhook.Configurations.webhook;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.egress.ConnectProxy;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.pki.CertificateAuthority;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How webhooks are reached, and what is made of those that can't be. */
class WebhookCallTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String SERVICES = "/api/v1/namespaces/default/services";
  private static final String ENDPOINTS = "/api/v1/namespaces/default/endpoints";
  private static final String MAP_RULE = rule("*", "", "configmaps");

  /** Where a lab's pods are. */
  private static final String POD = "127.20.77.1";

  @TempDir static Path dir;
  private static ConnectProxy proxy;
  private static TestApiserver server;
  private static Client admin;
  private static TestWebhook hook;
  private static Configurations configurations;

  @BeforeAll
  static void start() throws Exception {
    proxy = new ConnectProxy();
    EgressOptions egress = proxy.options(dir);
    server = new TestApiserver(dir, options -> options.with(egress).withAggregatorRouting());
    admin = server.admin();
    hook = new TestWebhook(server.vertx, "0.0.0.0", "127.0.0.1", "hook.default.svc");
    configurations = new Configurations(admin);
  }

  @AfterEach
  void clear() throws Exception {
    configurations.clear();
    hook.answers(request -> TestWebhook.allowed());
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
    proxy.close();
  }

  private static Answer create() throws Exception {
    return admin.post(MAPS + "?dryRun=All", json("{'metadata':{'name':'m'}}"));
  }

  @Test
  void aServiceIsReachedThroughItsEgressAloneAndKnownByItsName() throws Exception {
    service("hook", POD, hook.port());
    ObjectNode configuration = validating("service", hook, MAP_RULE);
    toService(configuration, "hook");
    configurations.make(configuration);
    assertThat(create().code()).isEqualTo(201);
    assertThat(hook.uris).containsExactly("/judge?timeout=10s");
    assertThat(proxy.asked).contains(POD + ":" + hook.port());

    // One by URL goes another way.
    int asked = proxy.asked.size();
    configurations.clear();
    configurations.make(validating("url", hook, MAP_RULE));
    assertThat(create().code()).isEqualTo(201);
    assertThat(proxy.asked).hasSize(asked);

    // Its certificate is not valid for another service's name.
    service("other", POD, hook.port());
    configurations.clear();
    ObjectNode other = validating("other", hook, MAP_RULE);
    toService(other, "other");
    configurations.make(other);
    Answer refused = create();
    assertThat(refused.code()).isEqualTo(500);
    assertThat(refused.message())
        .startsWith(
            "Internal error occurred: failed calling webhook \"other.example.com\": failed to call"
                + " webhook: Post \"https://other.default.svc:443/judge?timeout=10s\": ")
        .contains("other.default.svc");
  }

  @Test
  void aTunnelThatIsDownIsToldAndNothingElseTried() throws Exception {
    ConnectProxy other = new ConnectProxy();
    Path home = Files.createDirectory(dir.resolve("down"));
    EgressOptions egress = other.options(home);
    other.close();
    try (var lonely =
        new TestApiserver(home, options -> options.with(egress).withAggregatorRouting())) {
      Client client = lonely.admin();
      service(client, "hook", POD, hook.port());
      ObjectNode configuration = validating("tunnel", hook, MAP_RULE);
      toService(configuration, "hook");
      new Configurations(client).make(configuration);
      Answer answer = client.post(MAPS, json("{'metadata':{'name':'m'}}"));
      assertThat(answer.code()).isEqualTo(503);
      assertThat(answer.message())
          .contains("failed calling webhook \"tunnel.example.com\"")
          .contains("konnectivity-http-connect");
      assertThat(hook.asked).isEmpty();
    }
  }

  @Test
  void endpointsThatLeadBackAreNotDialled() throws Exception {
    service("near", "127.5.5.5", hook.port());
    ObjectNode configuration = validating("near", hook, MAP_RULE);
    toService(configuration, "near");
    configurations.make(configuration);
    assertThat(create().message()).contains("address not allowed: 127.5.5.5");
    assertThat(hook.asked).isEmpty();
  }

  @Test
  void aServiceThatIsNotThereIsSaidToBe() throws Exception {
    ObjectNode configuration = validating("absent", hook, MAP_RULE);
    toService(configuration, "absent");
    configurations.make(configuration);
    assertThat(create().message()).endsWith("service \"absent\" not found");
    admin.post(SERVICES, json("{'metadata':{'name':'absent'},'spec':{'ports':[{'port':80}]}}"));
    assertThat(create().message()).endsWith("no service port 443 found for service \"absent\"");
  }

  @Test
  void anotherAuthorityIsRefusedAlsoOnceAConnectionIsThere() throws Exception {
    configurations.make(validating("right", hook, MAP_RULE));
    assertThat(create().code()).isEqualTo(201);
    configurations.clear();
    ObjectNode foreign = validating("right", hook, MAP_RULE);
    webhook(foreign)
        .withObject("clientConfig")
        .put(
            "caBundle",
            TestWebhook.bundle(CertificateAuthority.create("webhook-ca", Duration.ofHours(1))));
    configurations.make(foreign);
    hook.answers(request -> TestWebhook.allowed());
    Answer refused = create();
    assertThat(refused.code()).isEqualTo(500);
    assertThat(refused.message()).contains("failed to call webhook");
    assertThat(hook.asked).isEmpty();
    configurations.clear();
    ObjectNode none = validating("right", hook, MAP_RULE);
    webhook(none).withObject("clientConfig").put("caBundle", "bm9uZQ==");
    configurations.make(none);
    assertThat(create().message()).contains("could not get REST client");
  }

  @Test
  void connectionsAreUsedAgain() throws Exception {
    configurations.make(validating("again", hook, MAP_RULE));
    assertThat(create().code()).isEqualTo(201);
    int connections = hook.connections.get();
    for (int i = 0; i < 5; i++) {
      assertThat(create().code()).isEqualTo(201);
    }
    assertThat(hook.connections.get()).isEqualTo(connections);
  }

  @Test
  void aWebhookThatFailsIsPassedOverOnlyWhereItsPolicySaysSo() throws Exception {
    ObjectNode closed = validating("closed", hook, MAP_RULE);
    webhook(closed).withObject("clientConfig").put("url", "https://127.0.0.1:1/x");
    configurations.make(closed);
    assertThat(create().message())
        .startsWith(
            "Internal error occurred: failed calling webhook \"closed.example.com\": failed to call"
                + " webhook: Post \"https://127.0.0.1:1/x?timeout=10s\": ");
    configurations.clear();
    webhook(closed).put("failurePolicy", "Ignore");
    configurations.make(closed);
    assertThat(create().code()).isEqualTo(201);
    assertThat(admin.get("/metrics").text())
        .contains(
            "apiserver_admission_webhook_fail_open_count{name=\"closed.example.com\","
                + "type=\"validating\"} 1",
            "error_type=\"calling_webhook_error\"");
  }

  @Test
  void anAnswerThatIsNoneFailsTheCall() throws Exception {
    configurations.make(validating("odd", hook, MAP_RULE));
    hook.answers(request -> TestWebhook.allowed().put("uid", "another"));
    assertThat(create().message())
        .contains("received invalid webhook response: expected response.uid=")
        .contains("got \"another\"");
    hook.answers(request -> TestWebhook.patch("[]"));
    assertThat(create().message()).contains("validating webhook may not return response.patch");
    hook.answers((http, review) -> http.response().end("{'no json".replace('\'', '"')));
    assertThat(create().message()).contains("received invalid webhook response");
    hook.answers((http, review) -> http.response().end("{}"));
    assertThat(create().message()).contains("webhook response was absent");
    hook.answers((http, review) -> http.response().setStatusCode(404).end("nothing here"));
    assertThat(create().message())
        .contains("failed to call webhook: the server could not find the requested resource");
    hook.answers(
        (http, review) ->
            http.response().setStatusCode(307).putHeader("Location", hook.url("/elsewhere")).end());
    assertThat(create().message()).contains("status code 307");
    assertThat(hook.uris).hasSize(1);
    hook.answers((http, review) -> http.response().end("x".repeat(9_000_000)));
    assertThat(create().message()).contains("the response is longer than 8388608 bytes");
    hook.answers((http, review) -> http.connection().close());
    assertThat(create().code()).isEqualTo(500);
  }

  @Test
  void aWebhookHasItsTimeAndNoMore() throws Exception {
    ObjectNode slow = validating("slow", hook, MAP_RULE);
    webhook(slow).put("timeoutSeconds", 1);
    configurations.make(slow);
    hook.answers((http, review) -> {});
    assertThat(create().message()).endsWith("context deadline exceeded");
  }

  private static void toService(ObjectNode configuration, String service) {
    ObjectNode client = webhook(configuration).withObject("clientConfig");
    client.remove("url");
    client
        .putObject("service")
        .put("namespace", "default")
        .put("name", service)
        .put("path", "/judge");
  }

  private static void service(String name, String address, int port) throws Exception {
    service(admin, name, address, port);
  }

  private static void service(Client client, String name, String address, int port)
      throws Exception {
    Answer made =
        client.post(
            SERVICES,
            json("{'metadata':{'name':'%s'},'spec':{'ports':[{'port':443}]}}".formatted(name)));
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    made =
        client.post(
            ENDPOINTS,
            json(
                "{'metadata':{'name':'%s'},'subsets':[{'addresses':[{'ip':'%s'}],'ports':[{'port':%d}]}]}"
                    .formatted(name, address, port)));
    assertThat(made.code()).as(made.text()).isEqualTo(201);
  }
}
