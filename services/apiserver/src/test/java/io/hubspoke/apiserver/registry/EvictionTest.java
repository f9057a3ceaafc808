package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Evictions respect disruption budgets, whoever asks. */
class EvictionTest extends RegistryTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

  @Test
  void takesADisruptionFromTheBudget() throws Exception {
    running("p", true);
    budget("b", "'disruptionsAllowed':1,'currentHealthy':3,'desiredHealthy':2");

    Answer evicted = evict("p", "");

    assertThat(evicted.code()).as(evicted.message()).isEqualTo(201);
    assertThat(evicted.body().path("status").asText()).isEqualTo("Success");
    JsonNode status = server.get(BUDGETS + "/b").body().path("status");
    assertThat(status.path("disruptionsAllowed").asInt()).isZero();
    assertThat(status.path("disruptedPods").has("p")).isTrue();
    assertThat(status.path("conditions").get(0).path("type").asText())
        .isEqualTo("DisruptionAllowed");
    assertThat(status.path("conditions").get(0).path("reason").asText())
        .isEqualTo("InsufficientPods");
    ObjectNode pod = server.get(PODS + "/p").body();
    assertThat(Meta.deleting(pod)).isTrue();
    assertThat(pod.path("status").path("conditions").findValuesAsText("reason"))
        .contains("EvictionByEvictionAPI");
  }

  @Test
  void isRefusedWhenNothingIsLeft() throws Exception {
    running("p", true);
    budget("b", "'disruptionsAllowed':0,'currentHealthy':2,'desiredHealthy':2");

    Answer refused = evict("p", "");

    assertThat(refused.code()).isEqualTo(429);
    assertThat(refused.reason()).isEqualTo("TooManyRequests");
    assertThat(refused.message())
        .isEqualTo("Cannot evict pod as it would violate the pod's disruption budget.");
    assertThat(refused.body().path("details").path("causes").toString())
        .isEqualTo(
            "[{\"reason\":\"DisruptionBudget\",\"message\":\"The disruption budget b needs 2"
                + " healthy pods and has 2 currently\"}]");
    assertThat(Meta.deleting(server.get(PODS + "/p").body())).isFalse();
  }

  @Test
  void isAskedToWaitForABudgetThatNobodyHasLookedAt() throws Exception {
    running("p", true);
    create(BUDGETS, "{'metadata':{'name':'b'},'spec':{'selector':{}}}");

    Answer refused = evict("p", "");

    assertThat(refused.code()).isEqualTo(429);
    assertThat(refused.body().path("details").path("retryAfterSeconds").asInt()).isEqualTo(10);
    assertThat(refused.body().path("details").path("causes").toString())
        .contains("The disruption budget b is still being processed by the server.");
  }

  @Test
  void spendsNothingWhenItIsOnlyTried() throws Exception {
    running("p", true);
    budget("b", "'disruptionsAllowed':1,'currentHealthy':3,'desiredHealthy':2");
    for (Answer tried :
        List.of(
            evict("p", ",'deleteOptions':{'dryRun':['All']}"),
            server.post(PODS + "/p/eviction?dryRun=All", eviction("p", "")))) {
      assertThat(tried.code()).as(tried.message()).isEqualTo(201);
      assertThat(
              server.get(BUDGETS + "/b").body().path("status").path("disruptionsAllowed").asInt())
          .isEqualTo(1);
      assertThat(Meta.deleting(server.get(PODS + "/p").body())).isFalse();
    }
  }

  @Test
  void letsGoWhatIsNotReadyWhileEnoughOthersAre() throws Exception {
    running("p", false);
    budget("b", "'disruptionsAllowed':0,'currentHealthy':2,'desiredHealthy':2");
    assertThat(evict("p", "").code()).isEqualTo(201);
    JsonNode status = server.get(BUDGETS + "/b").body().path("status");
    assertThat(status.has("disruptedPods")).isFalse();
  }

  @Test
  void letsGoWhatIsNotReadyIfTheBudgetSaysAlways() throws Exception {
    running("p", false);
    budget("b", "'disruptionsAllowed':0,'currentHealthy':1,'desiredHealthy':2");
    assertThat(evict("p", "").code()).isEqualTo(429);
    server.patch(BUDGETS + "/b", "merge", "{'spec':{'unhealthyPodEvictionPolicy':'AlwaysAllow'}}");
    assertThat(evict("p", "").code()).isEqualTo(201);
  }

  @Test
  void guardsNothingThatDoesNotRun() throws Exception {
    create(PODS, pod("p"));
    budget("b", "'disruptionsAllowed':0,'currentHealthy':0,'desiredHealthy':1");
    assertThat(evict("p", "").code()).isEqualTo(201);
    assertThat(server.get(PODS + "/p").code()).isEqualTo(404);
  }

  @Test
  void doesNotChooseBetweenTwoBudgets() throws Exception {
    running("p", true);
    budget("a", "'disruptionsAllowed':1,'currentHealthy':3,'desiredHealthy':2");
    budget("b", "'disruptionsAllowed':1,'currentHealthy':3,'desiredHealthy':2");
    Answer refused = evict("p", "");
    assertThat(refused.code()).isEqualTo(500);
    assertThat(refused.message()).startsWith("This pod has more than one PodDisruptionBudget");
  }

  @Test
  void spendsNothingForAnEvictionThatIsRefusedForItself() throws Exception {
    running("p", true);
    budget("b", "'disruptionsAllowed':1,'currentHealthy':3,'desiredHealthy':2");
    assertThat(evict("p", ",'deleteOptions':{'preconditions':{'uid':'other'}}").code())
        .isEqualTo(409);
    assertThat(server.post(PODS + "/p/eviction", eviction("q", "")).code()).isEqualTo(400);
    assertThat(server.post(PODS + "/p/eviction", "{'kind':'Pod','apiVersion':'v1'}").code())
        .isEqualTo(400);
    assertThat(evict("none", "").code()).isEqualTo(404);
    JsonNode status = server.get(BUDGETS + "/b").body().path("status");
    assertThat(status.path("disruptionsAllowed").asInt()).isEqualTo(1);
    assertThat(status.has("disruptedPods")).isFalse();
  }

  private Answer evict(String name, String more) throws Exception {
    return server.post(PODS + "/" + name + "/eviction", eviction(name, more));
  }

  private static String eviction(String name, String more) {
    return "{'apiVersion':'policy/v1','kind':'Eviction','metadata':{'name':'"
        + name
        + "','namespace':'default'}"
        + more
        + "}";
  }

  private void running(String name, boolean ready) throws Exception {
    ObjectNode made = create(PODS, pod(name).replace("'spec':{", "'spec':{'nodeName':'n',"));
    made.putObject("status")
        .put("phase", "Running")
        .withArray("conditions")
        .addObject()
        .put("type", "Ready")
        .put("status", ready ? "True" : "False");
    assertThat(server.put(PODS + "/" + name + "/status", made).code()).isEqualTo(200);
  }

  private static String pod(String name) {
    return "{'metadata':{'name':'"
        + name
        + "','labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'x'}]}}";
  }

  /** Makes a budget with a status as the disruption controller would give it. */
  private void budget(String name, String status) throws Exception {
    ObjectNode made =
        create(
            BUDGETS,
            "{'metadata':{'name':'"
                + name
                + "'},'spec':{'selector':{'matchLabels':{'app':'web'}}}}");
    made.set(
        "status", RegistryServer.json("{'observedGeneration':1,'expectedPods':3," + status + "}"));
    assertThat(server.put(BUDGETS + "/" + name + "/status", made).code()).isEqualTo(200);
  }

  private ObjectNode create(String path, String body) throws Exception {
    Answer made = server.post(path, body);
    assertThat(made.code()).as(made.message()).isEqualTo(201);
    return made.body();
  }
}
