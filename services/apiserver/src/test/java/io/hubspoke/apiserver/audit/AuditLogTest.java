package io.hubspoke.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.testing.Await;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditLogTest {
  private static final String DEFAULT = "/api/v1/namespaces/default";
  private static final String POLICY =
      """
      apiVersion: audit.k8s.io/v1
      kind: Policy
      omitStages: ["RequestReceived"]
      rules:
      - level: None
        nonResourceURLs: ["/healthz*", "/version"]
      - level: None
        users: ["quiet"]
      - level: Metadata
        resources:
        - {group: "", resources: ["secrets"]}
      - level: Request
        verbs: ["create", "patch"]
        resources:
        - {group: "", resources: ["pods"]}
      - level: RequestResponse
        omitManagedFields: true
        resources:
        - {group: "", resources: ["configmaps", "pods/status"]}
      - level: Metadata
        userGroups: ["staged"]
        omitStages: []
      - level: Metadata
      """;

  private static TestApiserver server;
  private static Client admin;
  private static Path log;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    Path policy = dir.resolve("policy.yaml");
    Files.writeString(policy, POLICY);
    log = dir.resolve("logs/audit.log");
    server =
        new TestApiserver(
            dir,
            options ->
                options.with(
                    new AuditOptions(policy, log.toString(), AuditOptions.Mode.BLOCKING, 0, 0, 0)));
    admin = server.admin();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aRequestIsRecordedWithItsCallerObjectAndAnswer() throws Exception {
    var request =
        admin
            .request(DEFAULT + "/secrets/none?pretty=true")
            .header("User-Agent", "tester/1.0")
            .header("X-Forwarded-For", "192.0.2.7, bogus")
            .build();
    var answer = admin.http().send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(404);
    var event = event(e -> e.path("userAgent").asText().equals("tester/1.0"));
    assertThat(event.path("auditID").asText())
        .isEqualTo(answer.headers().firstValue("Audit-Id").orElseThrow());
    for (String stamp : new String[] {"requestReceivedTimestamp", "stageTimestamp"}) {
      assertThat(event.path(stamp).asText())
          .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
    }
    assertThat(event.at("/user/extra/authentication.kubernetes.io~1credential-id/0").asText())
        .startsWith("X509SHA256=");
    event.withObject("/user").remove("extra");
    event.remove(List.of("auditID", "requestReceivedTimestamp", "stageTimestamp"));
    assertThat(event)
        .isEqualTo(
            parse(
                """
                {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
                 "stage": "ResponseComplete",
                 "requestURI": "/api/v1/namespaces/default/secrets/none?pretty=true",
                 "verb": "get",
                 "user": {"username": "kubernetes-admin",
                   "groups": ["system:masters", "system:authenticated"]},
                 "sourceIPs": ["192.0.2.7", "127.0.0.1"],
                 "userAgent": "tester/1.0",
                 "objectRef": {"resource": "secrets", "namespace": "default", "name": "none",
                   "apiVersion": "v1"},
                 "responseStatus": {"metadata": {}, "status": "Failure",
                   "message": "secrets \\"none\\" not found", "reason": "NotFound",
                   "details": {"name": "none", "kind": "secrets"}, "code": 404},
                 "annotations": {"authorization.k8s.io/decision": "allow",
                   "authorization.k8s.io/reason": ""}}
                """));
  }

  @Test
  void aSecretsContentIsNotRecordedAtMetadataButItsNameIs() throws Exception {
    ObjectNode secret = object("Secret", "hidden");
    secret.putObject("stringData").put("password", "s3cr3t-value");
    assertThat(admin.post(DEFAULT + "/secrets", secret).code()).isEqualTo(201);
    var event = event(e -> e.at("/objectRef/name").asText().equals("hidden"));
    assertThat(event.has("requestObject")).isFalse();
    assertThat(event.at("/responseStatus").toString()).isEqualTo("{\"metadata\":{},\"code\":201}");
    assertThat(Files.readString(log)).doesNotContain("s3cr3t-value");
  }

  @Test
  void requestAndResponseAreRecordedWhereThePolicyWantsThem() throws Exception {
    ObjectNode map = object("ConfigMap", "full");
    map.putObject("data").put("k", "v");
    assertThat(admin.post(DEFAULT + "/configmaps", map).code()).isEqualTo(201);
    var event =
        event(
            e ->
                e.path("verb").asText().equals("create")
                    && e.at("/objectRef/name").asText("").equals("full"));
    assertThat(event.path("level").asText()).isEqualTo("RequestResponse");
    assertThat(event.at("/requestObject/data/k").asText()).isEqualTo("v");
    assertThat(event.at("/responseObject/metadata/uid").asText()).isNotEmpty();
    assertThat(event.at("/responseObject/kind").asText()).isEqualTo("ConfigMap");

    assertThat(admin.get(DEFAULT + "/configmaps/not-there").code()).isEqualTo(404);
    var refused = event(e -> e.at("/objectRef/name").asText("").equals("not-there"));
    assertThat(refused.at("/responseObject/reason").asText()).isEqualTo("NotFound");

    ObjectNode pod = object("Pod", "seen");
    pod.putObject("spec").putArray("containers").addObject().put("name", "c").put("image", "i");
    assertThat(admin.post(DEFAULT + "/pods", pod).code()).isEqualTo(201);
    var created =
        event(
            e ->
                e.path("verb").asText().equals("create")
                    && e.at("/objectRef/name").asText("").equals("seen"));
    assertThat(created.at("/requestObject/spec/containers/0/name").asText()).isEqualTo("c");
    assertThat(created.has("responseObject")).isFalse();
  }

  @Test
  void aPatchIsRecordedAsItWasSent() throws Exception {
    ObjectNode map = object("ConfigMap", "patched");
    assertThat(admin.post(DEFAULT + "/configmaps", map).code()).isEqualTo(201);
    var patch =
        admin
            .request(DEFAULT + "/configmaps/patched")
            .header("Content-Type", "application/json-patch+json")
            .method(
                "PATCH",
                BodyPublishers.ofString(
                    "[{\"op\": \"add\", \"path\": \"/data\", \"value\": {\"a\": \"b\"}}]"))
            .build();
    assertThat(admin.http().send(patch, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    var event = event(e -> e.path("verb").asText().equals("patch"));
    assertThat(event.at("/requestObject/0/op").asText()).isEqualTo("add");
    assertThat(event.at("/responseObject/data/a").asText()).isEqualTo("b");
  }

  @Test
  void theFirstRuleThatMatchesDecidesAndNoneMeansNothing() throws Exception {
    assertThat(admin.get("/healthz").code()).isEqualTo(200);
    assertThat(server.client("quiet").get(DEFAULT + "/configmaps").code()).isEqualTo(403);
    assertThat(server.client("loud").get(DEFAULT + "/configmaps").code()).isEqualTo(403);
    event(e -> e.at("/user/username").asText().equals("loud"));
    assertThat(events())
        .noneMatch(e -> e.at("/user/username").asText().equals("quiet"))
        .noneMatch(e -> e.path("requestURI").asText().startsWith("/healthz"));
  }

  @Test
  void aRefusalIsRecordedWithItsReasonAndImpersonationWithBothNames() throws Exception {
    var request =
        admin
            .request(DEFAULT + "/services/impersonated")
            .header("Impersonate-User", "jane")
            .header("Impersonate-Group", "staff")
            .build();
    assertThat(admin.http().send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(403);
    var event = event(e -> e.at("/objectRef/name").asText().equals("impersonated"));
    assertThat(event.at("/user/username").asText()).isEqualTo("kubernetes-admin");
    assertThat(event.at("/impersonatedUser/username").asText()).isEqualTo("jane");
    assertThat(event.at("/impersonatedUser/groups").toString())
        .isEqualTo("[\"staff\",\"system:authenticated\"]");
    assertThat(event.at("/annotations/authorization.k8s.io~1decision").asText())
        .isEqualTo("forbid");
    assertThat(event.at("/responseStatus/code").asInt()).isEqualTo(403);
    var allowed = server.node("n1").get("/api/v1/nodes/n1");
    assertThat(allowed.code()).isEqualTo(404);
    var rbac = server.client("system:kube-scheduler").get("/api/v1/nodes/audited");
    assertThat(rbac.code()).isEqualTo(404);
    var byRole = event(e -> e.at("/objectRef/name").asText().equals("audited"));
    assertThat(byRole.at("/annotations/authorization.k8s.io~1reason").asText())
        .isEqualTo(
            "RBAC: allowed by ClusterRoleBinding \"system:kube-scheduler\" of ClusterRole"
                + " \"system:kube-scheduler\" to User \"system:kube-scheduler\"");
  }

  @Test
  void whoIsNotAuthenticatedIsRecordedAndHisTokenIsNot() throws Exception {
    var stranger = server.anonymous().withToken("not-a-token-anybody-has");
    assertThat(stranger.get(DEFAULT + "/endpoints").code()).isEqualTo(401);
    var event = event(e -> e.at("/responseStatus/code").asInt() == 401);
    assertThat(event.path("stage").asText()).isEqualTo("ResponseStarted");
    assertThat(event.at("/responseStatus/message").asText())
        .isEqualTo("Authentication failed, attempted: bearer");
    assertThat(event.path("user").toString()).isEqualTo("{}");
    assertThat(Files.readString(log)).doesNotContain("not-a-token-anybody-has");
  }

  @Test
  void aWatchIsRecordedWhenItsAnswerStartsAndWhenItEnds() throws Exception {
    var watch =
        admin
            .request("/api/v1/namespaces/kube-public/services?watch=true&timeoutSeconds=1")
            .build();
    assertThat(admin.http().send(watch, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    Predicate<JsonNode> watches =
        e ->
            e.path("verb").asText().equals("watch")
                && e.at("/objectRef/namespace").asText("").equals("kube-public");
    event(watches.and(e -> e.path("stage").asText().equals("ResponseComplete")));
    assertThat(events().stream().filter(watches).map(e -> e.path("stage").asText()))
        .containsExactly("ResponseStarted", "ResponseComplete");
  }

  @Test
  void theFileIsItsOwnersAloneAndEventsAreCounted() throws Exception {
    assertThat(admin.get("/api/v1/nodes").code()).isEqualTo(200);
    event(e -> e.path("requestURI").asText().equals("/api/v1/nodes"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log)))
        .isEqualTo("rw-------");
    assertThat(admin.get("/metrics").text())
        .containsPattern("apiserver_audit_event_total [1-9]")
        .containsPattern("apiserver_audit_error_total\\{plugin=\"log\"\\} 0")
        .contains("apiserver_audit_level_total{level=\"Metadata\"}");
  }

  @Test
  void theArrivalIsRecordedFirstUnlessThePolicyOmitsIt(@TempDir Path dir) throws Exception {
    Path policy = dir.resolve("policy.yaml");
    Path file = dir.resolve("audit.log");
    Files.writeString(
        policy, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Request}]}");
    try (var other =
        new TestApiserver(
            dir,
            options ->
                options.with(
                    new AuditOptions(
                        policy, file.toString(), AuditOptions.Mode.BLOCKING_STRICT, 0, 0, 0)))) {
      ObjectNode map = object("ConfigMap", "staged");
      assertThat(other.admin().post(DEFAULT + "/configmaps", map).code()).isEqualTo(201);
    }
    // All is written when the server has stopped.
    var stages = events(file);
    assertThat(stages.stream().map(e -> e.path("stage").asText()))
        .containsExactly("RequestReceived", "ResponseComplete");
    assertThat(stages.getFirst().has("requestObject")).isFalse();
    assertThat(stages.getFirst().has("responseStatus")).isFalse();
    assertThat(stages.getFirst().path("auditID")).isEqualTo(stages.getLast().path("auditID"));
  }

  @Test
  void aDiskThatIsFullCostsEventsWhichAreCountedAndNoRequest(@TempDir Path dir) throws Exception {
    Path policy = dir.resolve("policy.yaml");
    Files.writeString(
        policy, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}");
    for (var mode :
        new AuditOptions.Mode[] {AuditOptions.Mode.BLOCKING, AuditOptions.Mode.BLOCKING_STRICT}) {
      try (var other =
          new TestApiserver(
              dir, options -> options.with(new AuditOptions(policy, "/dev/full", mode, 0, 0, 0)))) {
        var answer = other.admin().get("/api/v1/nodes");
        assertThat(answer.code()).isEqualTo(mode == AuditOptions.Mode.BLOCKING ? 200 : 500);
        if (mode == AuditOptions.Mode.BLOCKING) {
          Await.until(
              "the loss is counted",
              () ->
                  other
                      .admin()
                      .get("/metrics")
                      .text()
                      .lines()
                      .anyMatch(
                          l ->
                              l.startsWith("apiserver_audit_error_total{plugin=\"log\"} ")
                                  && !l.endsWith(" 0.0")));
        }
      }
    }
  }

  @Test
  void aServerWithAPolicyOrAFileThatIsWrongDoesNotStart(@TempDir Path dir) throws Exception {
    Path policy = dir.resolve("policy.yaml");
    Files.writeString(
        policy, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Loud}]}");
    assertThatThrownBy(() -> start(dir, policy, dir.resolve("audit.log").toString()))
        .hasMessageStartingWith("--audit-policy-file: rules[0].level: Unsupported value: \"Loud\"");
    Files.writeString(policy, POLICY);
    assertThatThrownBy(() -> start(dir, policy, "/proc/none/audit.log"))
        .hasMessageStartingWith("--audit-log-path: ");
  }

  private static void start(Path dir, Path policy, String file) throws Exception {
    new TestApiserver(
            dir,
            options ->
                options.with(new AuditOptions(policy, file, AuditOptions.Mode.BLOCKING, 0, 0, 0)))
        .close();
  }

  private static ObjectNode event(Predicate<JsonNode> which) throws Exception {
    Await.until("an event", () -> events().stream().anyMatch(which));
    return events().stream().filter(which).findFirst().orElseThrow();
  }

  private static List<ObjectNode> events() throws Exception {
    return events(log);
  }

  private static List<ObjectNode> events(Path file) throws Exception {
    List<ObjectNode> events = new ArrayList<>();
    String text = Files.exists(file) ? Files.readString(file) : "";
    // The last line may be written just now.
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
      events.add(parse(line));
    }
    return events;
  }

  private static ObjectNode object(String kind, String name) {
    ObjectNode object = Json.object().put("apiVersion", "v1").put("kind", kind);
    object.putObject("metadata").put("name", name);
    return object;
  }

  private static ObjectNode parse(String json) {
    return Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
  }
}
