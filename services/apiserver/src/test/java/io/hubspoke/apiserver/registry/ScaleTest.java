package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What scales and what is scaled know nothing of each other but the scale. */
class ScaleTest extends RegistryTest {
  private static final String SETS = "/apis/apps/v1/namespaces/default/replicasets";
  private static final String SCALE = SETS + "/web/scale";

  @ParameterizedTest
  @CsvSource({
    "/apis/apps/v1, deployments",
    "/apis/apps/v1, replicasets",
    "/apis/apps/v1, statefulsets",
    "/api/v1, replicationcontrollers",
  })
  void isReadFromEveryWorkloadThatHasReplicas(String group, String plural) throws Exception {
    String path = group + "/namespaces/default/" + plural;
    String selector =
        plural.equals("replicationcontrollers") ? "{'app':'web'}" : "{'matchLabels':{'app':'web'}}";
    Answer made = server.post(path, workload(selector));
    assertThat(made.code()).as(made.message()).isEqualTo(201);

    ObjectNode scale = server.get(path + "/web/scale").body();

    assertThat(scale.path("kind").asText()).isEqualTo("Scale");
    assertThat(scale.path("apiVersion").asText()).isEqualTo("autoscaling/v1");
    assertThat(scale.path("spec").path("replicas").asInt()).isEqualTo(2);
    assertThat(scale.path("status").toString())
        .isEqualTo("{\"replicas\":0,\"selector\":\"app=web\"}");
    for (String field : new String[] {"name", "namespace", "uid", "resourceVersion"}) {
      assertThat(scale.path("metadata").path(field))
          .isEqualTo(made.body().path("metadata").path(field));
    }
  }

  @Test
  void changesTheReplicasAndNothingElse() throws Exception {
    ObjectNode old = make();
    ObjectNode scale = server.get(SCALE).body();
    scale.withObject("spec").put("replicas", 5);
    scale.withObject("metadata").putObject("labels").put("a", "b");

    Answer put = server.put(SCALE, scale);

    assertThat(put.code()).isEqualTo(200);
    assertThat(put.body().path("spec").path("replicas").asInt()).isEqualTo(5);
    ObjectNode now = server.get(SETS + "/web").body();
    assertThat(now.path("spec").path("replicas").asInt()).isEqualTo(5);
    assertThat(now.path("metadata").path("generation").asInt()).isEqualTo(2);
    assertThat(now.path("metadata").has("labels")).isFalse();
    assertThat(now.path("spec").path("template")).isEqualTo(old.path("spec").path("template"));
  }

  @Test
  void isRefusedInAStateThatHasPassed() throws Exception {
    make();
    ObjectNode scale = server.get(SCALE).body();
    assertThat(server.patch(SCALE, "merge", "{'spec':{'replicas':3}}").code()).isEqualTo(200);

    Answer put = server.put(SCALE, scale);

    assertThat(put.code()).isEqualTo(409);
    assertThat(put.message())
        .isEqualTo(
            "Operation cannot be fulfilled on replicasets.apps \"web\": the object has been"
                + " modified; please apply your changes to the latest version and try again");
    scale.withObject("metadata").remove("resourceVersion");
    assertThat(server.put(SCALE, scale).code()).isEqualTo(200);
    scale.withObject("metadata").put("uid", "another");
    assertThat(server.put(SCALE, scale).code()).isEqualTo(409);
  }

  @ParameterizedTest
  @CsvSource({"merge", "strategic-merge", "json"})
  void isPatchedInEveryForm(String format) throws Exception {
    make();
    String patch =
        format.equals("json")
            ? "[{'op':'replace','path':'/spec/replicas','value':0}]"
            : "{'spec':{'replicas':0}}";

    Answer patched = server.patch(SCALE, format, patch);

    assertThat(patched.code()).as(patched.message()).isEqualTo(200);
    assertThat(patched.body().path("spec").toString()).isEqualTo("{}");
    assertThat(server.get(SETS + "/web").body().path("spec").path("replicas").asInt()).isZero();
  }

  @Test
  void isRefusedWhenItIsNone() throws Exception {
    make();
    Answer negative = server.patch(SCALE, "merge", "{'spec':{'replicas':-1}}");
    assertThat(negative.code()).isEqualTo(422);
    assertThat(negative.message())
        .isEqualTo(
            "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be"
                + " greater than or equal to 0");
    assertThat(server.patch(SCALE, "merge", "{'spec':{'replicas':'two'}}").code()).isEqualTo(400);
    assertThat(server.put(SCALE, RegistryServer.json("{'kind':'Pod','apiVersion':'v1'}")).code())
        .isEqualTo(400);
    assertThat(server.put(SCALE, RegistryServer.json("{'metadata':{'name':'other'}}")).code())
        .isEqualTo(400);
    assertThat(server.get(SETS + "/none/scale").code()).isEqualTo(404);
    assertThat(server.post(SCALE, "{}").code()).isEqualTo(405);
    assertThat(server.get("/apis/apps/v1/namespaces/default/daemonsets/web/scale").code())
        .isEqualTo(404);
  }

  @Test
  void isOnlyTriedInADryRun() throws Exception {
    make();
    Answer tried = server.patch(SCALE + "?dryRun=All", "merge", "{'spec':{'replicas':9}}");
    assertThat(tried.body().path("spec").path("replicas").asInt()).isEqualTo(9);
    assertThat(server.get(SCALE).body().path("spec").path("replicas").asInt()).isEqualTo(2);
  }

  @Test
  void isShownAsATable() throws Exception {
    make();
    ObjectNode table =
        server.get(SCALE, "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").body();
    assertThat(table.path("kind").asText()).isEqualTo("Table");
    assertThat(table.path("columnDefinitions").findValuesAsText("name"))
        .containsExactly("Name", "Desired", "Available", "Age");
    assertThat(table.path("rows").get(0).path("cells").get(1).asInt()).isEqualTo(2);
  }

  private ObjectNode make() throws Exception {
    return server.post(SETS, workload("{'matchLabels':{'app':'web'}}")).body();
  }

  private static String workload(String selector) {
    return "{'metadata':{'name':'web'},'spec':{'replicas':2,'selector':"
        + selector
        + ",'template':{'metadata':{'labels':{'app':'web'}},"
        + "'spec':{'containers':[{'name':'c','image':'x'}]}}}}";
  }
}
