package io.hubspoke.apiserver.webhook;

import static io.hubspoke.apiserver.webhook.Configurations.json;
import static io.hubspoke.apiserver.webhook.Configurations.mutating;
import static io.hubspoke.apiserver.webhook.Configurations.rule;
import static io.hubspoke.apiserver.webhook.Configurations.validating;
import static io.hubspoke.apiserver.webhook.Configurations.webhook;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What webhooks are asked, and what becomes of what they say. */
class AdmissionWebhookTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String MAP_RULE = rule("*", "", "configmaps");

  @TempDir static Path dir;
  private static TestApiserver server;
  private static Client admin;
  private static TestWebhook hook;
  private static Configurations configurations;

  @BeforeAll
  static void start() throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    hook = new TestWebhook(server.vertx, "127.0.0.1", "127.0.0.1");
    configurations = new Configurations(admin);
    admin.post(
        "/api/v1/namespaces/default/serviceaccounts", json("{'metadata':{'name':'default'}}"));
  }

  @AfterEach
  void clear() throws Exception {
    configurations.clear();
    hook.answers(request -> TestWebhook.allowed());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aWebhookIsToldEverythingOfARequest() throws Exception {
    configurations.make(validating("told", hook, MAP_RULE));
    admin.post(MAPS + "?fieldManager=me", json("{'metadata':{'name':'told'},'data':{'a':'b'}}"));
    ObjectNode created = hook.asked.getFirst();
    assertThat(created.path("uid").asText()).isNotEmpty();
    assertThat(created.path("kind"))
        .isEqualTo(json("{'group':'','version':'v1','kind':'ConfigMap'}"));
    assertThat(created.path("requestKind")).isEqualTo(created.path("kind"));
    assertThat(created.path("resource"))
        .isEqualTo(json("{'group':'','version':'v1','resource':'configmaps'}"));
    assertThat(created.path("requestResource")).isEqualTo(created.path("resource"));
    assertThat(created.path("name").asText()).isEqualTo("told");
    assertThat(created.path("namespace").asText()).isEqualTo("default");
    assertThat(created.path("operation").asText()).isEqualTo("CREATE");
    assertThat(created.path("userInfo").path("username").asText()).isEqualTo("kubernetes-admin");
    assertThat(created.path("userInfo").path("groups").toString()).contains("system:masters");
    assertThat(created.path("object").path("kind").asText()).isEqualTo("ConfigMap");
    assertThat(created.path("object").path("data").path("a").asText()).isEqualTo("b");
    assertThat(created.path("oldObject").isNull()).isTrue();
    assertThat(created.path("dryRun").isBoolean()).isTrue();
    assertThat(created.path("options"))
        .isEqualTo(
            json("{'kind':'CreateOptions','apiVersion':'meta.k8s.io/v1','fieldManager':'me'}"));
    assertThat(hook.uris.getFirst()).isEqualTo("/told?timeout=10s");

    admin.put(MAPS + "/told", json("{'metadata':{'name':'told'},'data':{'a':'c'}}"));
    ObjectNode updated = hook.asked.get(1);
    assertThat(updated.path("operation").asText()).isEqualTo("UPDATE");
    assertThat(updated.path("oldObject").path("data").path("a").asText()).isEqualTo("b");
    assertThat(updated.path("object").path("data").path("a").asText()).isEqualTo("c");
    assertThat(updated.path("options").path("kind").asText()).isEqualTo("UpdateOptions");

    admin.delete(MAPS + "/told?gracePeriodSeconds=3");
    ObjectNode deleted = hook.asked.get(2);
    assertThat(deleted.path("operation").asText()).isEqualTo("DELETE");
    assertThat(deleted.path("object").isNull()).isTrue();
    assertThat(deleted.path("oldObject").path("data").path("a").asText()).isEqualTo("c");
    assertThat(deleted.path("options").path("gracePeriodSeconds").asInt()).isEqualTo(3);
  }

  @Test
  void aDenialIsTheAnswerAndNothingIsWritten() throws Exception {
    configurations.make(validating("denies", hook, MAP_RULE));
    hook.answers(request -> TestWebhook.denied(403, "not today"));
    Answer answer = admin.post(MAPS, json("{'metadata':{'name':'denied'}}"));
    assertThat(answer.code()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo("admission webhook \"denies.example.com\" denied the request: not today");
    assertThat(admin.get(MAPS + "/denied").code()).isEqualTo(404);
    hook.answers(request -> TestWebhook.allowed().put("allowed", false));
    answer = admin.post(MAPS, json("{'metadata':{'name':'denied'}}"));
    assertThat(answer.code()).isEqualTo(400);
    assertThat(answer.message()).endsWith("denied the request without explanation");
    assertThat(admin.get("/metrics").text())
        .contains(
            "apiserver_admission_webhook_rejection_count{name=\"denies.example.com\","
                + "type=\"validating\",operation=\"CREATE\",error_type=\"no_error\","
                + "rejection_code=\"403\"} 1",
            "apiserver_admission_webhook_admission_duration_seconds_count{name=\"denies.example.com"
                + "\",type=\"validating\",operation=\"CREATE\",rejected=\"true\"} 2");
  }

  @Test
  void aPatchChangesWhatIsStoredAndWhatValidatingWebhooksSee() throws Exception {
    configurations.make(mutating("adds", hook, rule("CREATE", "", "pods")));
    configurations.make(validating("sees", hook, rule("CREATE", "", "pods")));
    hook.answers(
        request ->
            request.path("object").path("metadata").has("labels")
                ? TestWebhook.allowed()
                : TestWebhook.patch(
                    "[{'op':'add','path':'/metadata/labels','value':{'added':'yes'}},"
                        + "{'op':'add','path':'/spec/containers/-','value':"
                        + "{'name':'sidecar','image':'s'}}]"));
    Answer made =
        admin.post(
            PODS,
            json("{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}"));
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    assertThat(made.json().path("metadata").path("labels").path("added").asText()).isEqualTo("yes");
    // What is built in and defaults hold for what the webhook added too.
    assertThat(made.json().path("spec").path("containers").get(1).path("imagePullPolicy").asText())
        .isEqualTo("Always");
    ObjectNode first = hook.asked.getFirst();
    assertThat(first.path("object").path("spec").path("restartPolicy").asText())
        .isEqualTo("Always");
    assertThat(hook.asked).hasSize(2);
    assertThat(hook.asked.get(1).path("object").path("metadata").path("labels").path("added"))
        .isEqualTo(made.json().path("metadata").path("labels").path("added"));
    admin.delete(PODS + "/p?gracePeriodSeconds=0");
  }

  @Test
  void aPatchThatMakesTheObjectInvalidIsRefused() throws Exception {
    configurations.make(mutating("breaks", hook, MAP_RULE));
    hook.answers(
        request -> TestWebhook.patch("[{'op':'add','path':'/data','value':{'no key':'x'}}]"));
    Answer answer = admin.post(MAPS, json("{'metadata':{'name':'broken'}}"));
    assertThat(answer.code()).isEqualTo(422);
    hook.answers(request -> TestWebhook.patch("[{'op':'add','path':'/data','value':7}]"));
    answer = admin.post(MAPS, json("{'metadata':{'name':'broken'}}"));
    assertThat(answer.code()).isEqualTo(500);
    hook.answers(request -> TestWebhook.patch("[{'op':'remove','path':'/none'}]"));
    assertThat(admin.post(MAPS, json("{'metadata':{'name':'broken'}}")).message())
        .contains("/none does not exist");
    // Nor can it make another object of it.
    hook.answers(
        request ->
            TestWebhook.patch("[{'op':'add','path':'/metadata/namespace','value':'kube-system'}]"));
    assertThat(admin.post(MAPS, json("{'metadata':{'name':'broken'}}")).code()).isEqualTo(400);
    assertThat(admin.get(MAPS + "/broken").code()).isEqualTo(404);
  }

  @Test
  void theServersOwnRulesHoldForWhatAWebhookMakes() throws Exception {
    configurations.make(mutating("raises", hook, rule("CREATE", "", "pods")));
    hook.answers(
        request ->
            TestWebhook.patch(
                "[{'op':'add','path':'/spec/priorityClassName','value':'unheard-of'}]"));
    Answer answer =
        admin.post(
            PODS,
            json("{'metadata':{'name':'q'},'spec':{'containers':[{'name':'c','image':'i'}]}}"));
    assertThat(answer.code()).isEqualTo(403);
    assertThat(answer.message()).contains("no PriorityClass with name unheard-of was found");
  }

  @Test
  void webhooksAreAskedInTheOrderOfNamesAndAgainWhereTheyWantTo() throws Exception {
    ObjectNode first = mutating("a-first", hook, MAP_RULE);
    webhook(first).put("reinvocationPolicy", "IfNeeded");
    configurations.make(mutating("b-second", hook, MAP_RULE));
    configurations.make(first);
    hook.answers(
        request ->
            hook.uris.getLast().startsWith("/b-second")
                ? TestWebhook.patch("[{'op':'add','path':'/data','value':{'second':'was here'}}]")
                : TestWebhook.allowed());
    assertThat(admin.post(MAPS, json("{'metadata':{'name':'ordered'}}")).code()).isEqualTo(201);
    assertThat(hook.uris)
        .containsExactly("/a-first?timeout=10s", "/b-second?timeout=10s", "/a-first?timeout=10s");
    assertThat(hook.asked.getFirst().path("object").has("data")).isFalse();
    assertThat(hook.asked.getLast().path("object").path("data").path("second").asText())
        .isEqualTo("was here");
    admin.delete(MAPS + "/ordered");
  }

  @Test
  void aDryRunIsAskedAsOneAndStoresNothing() throws Exception {
    configurations.make(validating("tries", hook, MAP_RULE));
    Answer answer = admin.post(MAPS + "?dryRun=All", json("{'metadata':{'name':'tried'}}"));
    assertThat(answer.code()).isEqualTo(201);
    assertThat(hook.asked.getFirst().path("dryRun").asBoolean()).isTrue();
    assertThat(hook.asked.getFirst().path("options").path("dryRun").get(0).asText())
        .isEqualTo("All");
    assertThat(admin.get(MAPS + "/tried").code()).isEqualTo(404);
  }

  @Test
  void warningsReachTheClientWhateverTheVerdict() throws Exception {
    configurations.make(validating("warns", hook, MAP_RULE));
    hook.answers(
        request -> {
          ObjectNode response = TestWebhook.allowed();
          response.putArray("warnings").add("this is \"old\"");
          response.putObject("auditAnnotations").put("why", "because");
          return response;
        });
    Answer made = admin.post(MAPS, json("{'metadata':{'name':'warned'}}"));
    assertThat(made.response().headers().allValues("Warning"))
        .containsExactly("299 - \"this is \\\"old\\\"\"");
    hook.answers(
        request -> {
          ObjectNode response = TestWebhook.denied(409, "no");
          response.putArray("warnings").add("beware");
          return response;
        });
    Answer refused = admin.delete(MAPS + "/warned");
    assertThat(refused.code()).isEqualTo(409);
    assertThat(refused.response().headers().allValues("Warning"))
        .containsExactly("299 - \"beware\"");
    assertThat(admin.get(MAPS + "/warned").code()).isEqualTo(200);
    configurations.clear();
    admin.delete(MAPS + "/warned");
  }

  @Test
  void selectorsAndRulesChooseRequests() throws Exception {
    ObjectNode labelled = validating("labelled", hook, MAP_RULE);
    webhook(labelled).set("objectSelector", json("{'matchLabels':{'watch':'me'}}"));
    configurations.make(labelled);
    ObjectNode elsewhere = validating("elsewhere", hook, MAP_RULE);
    webhook(elsewhere)
        .set("namespaceSelector", json("{'matchLabels':{'kubernetes.io/metadata.name':'other'}}"));
    configurations.make(elsewhere);
    configurations.make(validating("others", hook, rule("UPDATE", "", "configmaps")));
    configurations.make(validating("status", hook, rule("CREATE", "", "configmaps/*")));
    admin.post(MAPS, json("{'metadata':{'name':'plain'}}"));
    assertThat(hook.uris).containsExactly("/status?timeout=10s");
    hook.answers(request -> TestWebhook.allowed());
    admin.post(MAPS, json("{'metadata':{'name':'marked','labels':{'watch':'me'}}}"));
    assertThat(hook.uris).containsExactlyInAnyOrder("/labelled?timeout=10s", "/status?timeout=10s");
    configurations.clear();
    for (String name : new String[] {"plain", "marked"}) {
      admin.delete(MAPS + "/" + name);
    }
  }

  @Test
  void anEquivalentVersionIsShownAsTheRuleNamesIt() throws Exception {
    configurations.make(validating("events", hook, rule("CREATE", "events.k8s.io", "events")));
    ObjectNode exact = validating("exact", hook, rule("CREATE", "events.k8s.io", "events"));
    webhook(exact).put("matchPolicy", "Exact");
    configurations.make(exact);
    Answer made =
        admin.post(
            "/api/v1/namespaces/default/events",
            json(
                "{'metadata':{'name':'e','namespace':'default'},'message':'hello','involvedObject':"
                    + "{'kind':'Pod','namespace':'default','name':'p'}}"));
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    assertThat(hook.uris).containsExactly("/events?timeout=10s");
    ObjectNode asked = hook.asked.getFirst();
    assertThat(asked.path("kind").path("group").asText()).isEqualTo("events.k8s.io");
    assertThat(asked.path("requestKind").path("group").asText()).isEmpty();
    assertThat(asked.path("object").path("note").asText()).isEqualTo("hello");
    assertThat(asked.path("object").path("apiVersion").asText()).isEqualTo("events.k8s.io/v1");
  }

  @Test
  void connectionsAndSubresourcesAreJudgedAsWhatTheyAre() throws Exception {
    admin.post(
        PODS,
        json("{'metadata':{'name':'busy'},'spec':{'containers':[{'name':'c','image':'i'}]}}"));
    ObjectNode all = validating("all", hook, rule("*", "", "pods/*"));
    configurations.make(all);
    hook.answers(request -> TestWebhook.denied(403, request.path("subResource").asText()));
    Answer exec = admin.post(PODS + "/busy/exec?command=rm&command=-rf&stdin=true", json("{}"));
    assertThat(exec.code()).isEqualTo(403);
    ObjectNode connect = hook.asked.getFirst();
    assertThat(connect.path("operation").asText()).isEqualTo("CONNECT");
    assertThat(connect.path("kind").path("kind").asText()).isEqualTo("PodExecOptions");
    assertThat(connect.path("object"))
        .isEqualTo(
            json(
                "{'kind':'PodExecOptions','apiVersion':'v1','stdin':true,'command':['rm','-rf']}"));
    assertThat(connect.path("options").isNull()).isTrue();
    assertThat(admin.get(PODS + "/busy/proxy/x/y").code()).isEqualTo(403);
    assertThat(hook.asked.get(1).path("object").path("path").asText()).isEqualTo("x/y");

    String binding = "{'metadata':{'name':'busy'},'target':{'kind':'Node','name':'n'}}";
    assertThat(admin.post(PODS + "/busy/binding", json(binding)).code()).isEqualTo(403);
    assertThat(hook.asked.get(2).path("operation").asText()).isEqualTo("CREATE");
    assertThat(hook.asked.get(2).path("object").path("target").path("name").asText())
        .isEqualTo("n");
    String eviction = "{'apiVersion':'policy/v1','kind':'Eviction','metadata':{'name':'busy'}}";
    assertThat(admin.post(PODS + "/busy/eviction", json(eviction)).code()).isEqualTo(403);
    assertThat(hook.asked.get(3).path("kind").path("kind").asText()).isEqualTo("Eviction");

    // Allowed, each is asked about once: not again about how it is carried out.
    hook.answers(request -> TestWebhook.allowed());
    assertThat(admin.post(PODS + "/busy/binding", json(binding)).code()).isEqualTo(201);
    assertThat(admin.post(PODS + "/busy/eviction", json(eviction)).code()).isEqualTo(201);
    assertThat(hook.asked).hasSize(2);
  }

  @Test
  void aScaleAndATokenAreJudgedAsThemselves() throws Exception {
    String deployments = "/apis/apps/v1/namespaces/default/deployments";
    admin.post(
        deployments,
        json(
            "{'metadata':{'name':'d'},'spec':{'replicas':1,'selector':{'matchLabels':{'a':'b'}},"
                + "'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':"
                + "[{'name':'c','image':'i'}]}}}}"));
    configurations.make(mutating("scale", hook, rule("*", "apps", "deployments/scale")));
    configurations.make(validating("plain", hook, rule("*", "apps", "deployments")));
    hook.answers(
        request -> TestWebhook.patch("[{'op':'replace','path':'/spec/replicas','value':3}]"));
    Answer scaled =
        admin.put(
            deployments + "/d/scale",
            json("{'metadata':{'name':'d','namespace':'default'},'spec':{'replicas':9}}"));
    assertThat(scaled.code()).as(scaled.text()).isEqualTo(200);
    assertThat(scaled.json().path("spec").path("replicas").asInt()).isEqualTo(3);
    assertThat(hook.asked).hasSize(1);
    assertThat(hook.asked.getFirst().path("kind").path("kind").asText()).isEqualTo("Scale");
    assertThat(hook.asked.getFirst().path("oldObject").path("spec").path("replicas").asInt())
        .isEqualTo(1);

    configurations.make(validating("reviews", hook, rule("CREATE", "authorization.k8s.io", "*")));
    hook.answers(request -> TestWebhook.denied(403, "ask somebody else"));
    assertThat(
            admin
                .post(
                    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                    json("{'spec':{'nonResourceAttributes':{'path':'/','verb':'get'}}}"))
                .code())
        .isEqualTo(403);
  }

  @Test
  void configurationsThemselvesAreNobodysToRefuse() throws Exception {
    ObjectNode all =
        validating(
            "all-of-it",
            hook,
            "{'operations':['*'],'apiGroups':['*'],'apiVersions':['*'],'resources':['*/*']}");
    webhook(all).withObject("clientConfig").put("url", "https://127.0.0.1:1/");
    configurations.make(all);
    Answer answer = admin.post(MAPS, json("{'metadata':{'name':'never'}}"));
    assertThat(answer.code()).isEqualTo(500);
    assertThat(admin.delete(Configurations.VALIDATING + "/all-of-it").code()).isEqualTo(200);
    assertThat(admin.post(MAPS, json("{'metadata':{'name':'never'}}")).code()).isEqualTo(201);
    admin.delete(MAPS + "/never");
  }
}
