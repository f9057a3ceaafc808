package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PropagationTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String EVENTS = "/api/v1/namespaces/default/events";

  @ParameterizedTest
  @CsvSource({
    "propagationPolicy=Orphan, orphan",
    "propagationPolicy=Foreground, foregroundDeletion",
    "orphanDependents=true, orphan",
  })
  void leavesTheDependentsToTheGarbageCollector(String query, String finalizer) throws Exception {
    create("a", "");
    Answer marked = server.delete(MAPS + "/a?" + query);
    assertThat(marked.code()).isEqualTo(200);
    assertThat(marked.body().path("kind").asText()).isEqualTo("ConfigMap");
    assertThat(Meta.deleting(marked.body())).isTrue();
    assertThat(marked.body().path("metadata").path("deletionGracePeriodSeconds").asInt(-1))
        .isZero();
    assertThat(finalizers(marked.body())).containsExactly(finalizer);
    // What the collector does when it is done.
    server.patch(MAPS + "/a", "merge", "{'metadata':{'finalizers':null}}");
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(404);
  }

  @Test
  void takesThePolicyFromTheBody() throws Exception {
    create("a", "");
    String body = "{'kind':'DeleteOptions','apiVersion':'v1','propagationPolicy':'Foreground'}";
    assertThat(finalizers(server.send("DELETE", MAPS + "/a", body).body()))
        .containsExactly("foregroundDeletion");
  }

  @Test
  void doesNotReadTheQueryWhenThereIsABody() throws Exception {
    create("a", "");
    Answer deleted =
        server.send("DELETE", MAPS + "/a?propagationPolicy=Foreground", "{'kind':'DeleteOptions'}");
    assertThat(deleted.body().path("status").asText()).isEqualTo("Success");
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(404);
  }

  @Test
  void keepsAFinalizerThatIsThereUnlessThePolicySaysOtherwise() throws Exception {
    create("a", "'orphan','x.io/one'");
    assertThat(finalizers(server.delete(MAPS + "/a").body()))
        .containsExactlyInAnyOrder("orphan", "x.io/one");
    assertThat(finalizers(server.delete(MAPS + "/a?propagationPolicy=Foreground").body()))
        .containsExactlyInAnyOrder("foregroundDeletion", "x.io/one");
    assertThat(finalizers(server.delete(MAPS + "/a?propagationPolicy=Background").body()))
        .containsExactly("x.io/one");
  }

  @Test
  void answersWhoAsksInTheOldWayThatItTakesTime() throws Exception {
    create("a", "'x.io/one'");
    assertThat(server.delete(MAPS + "/a?orphanDependents=false").code()).isEqualTo(202);
    create("b", "");
    assertThat(server.delete(MAPS + "/b?orphanDependents=false").code()).isEqualTo(200);
    assertThat(server.get(MAPS + "/b").code()).isEqualTo(404);
  }

  @Test
  void refusesWhatDoesNotGoTogether() throws Exception {
    create("a", "");
    Answer both =
        server.send(
            "DELETE", MAPS + "/a", "{'orphanDependents':true,'propagationPolicy':'Orphan'}");
    assertThat(both.code()).isEqualTo(422);
    assertThat(both.message())
        .isEqualTo(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value:"
                + " \"Orphan\": orphanDependents and deletionPropagation cannot be both set");
    Answer unknown = server.delete(MAPS + "/a?propagationPolicy=Sometimes");
    assertThat(unknown.code()).isEqualTo(422);
    assertThat(unknown.message())
        .isEqualTo(
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value:"
                + " \"Sometimes\": supported values: \"Foreground\", \"Background\", \"Orphan\","
                + " \"nil\"");
    Answer dryRun = server.delete(MAPS + "/a?dryRun=Some");
    assertThat(dryRun.code()).isEqualTo(422);
    assertThat(dryRun.message())
        .endsWith("dryRun: Unsupported value: []string{\"Some\"}: supported values: \"All\"");
    assertThat(server.send("DELETE", MAPS + "/a", "{'orphanDependents':'yes'}").code())
        .isEqualTo(400);
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(200);
    Answer finalizers =
        server.post(MAPS, "{'metadata':{'name':'b','finalizers':['orphan','foregroundDeletion']}}");
    assertThat(finalizers.code()).isEqualTo(422);
    assertThat(finalizers.message())
        .contains("finalizer orphan and foregroundDeletion cannot be both set");
  }

  @Test
  void ownsNothingAsAnEvent() throws Exception {
    server.post(
        EVENTS, "{'metadata':{'name':'e'},'involvedObject':{'namespace':'default','name':'x'}}");
    Answer deleted = server.delete(EVENTS + "/e?propagationPolicy=Foreground");
    assertThat(deleted.body().path("status").asText()).isEqualTo("Success");
    assertThat(server.get(EVENTS + "/e").code()).isEqualTo(404);
    Answer owned =
        server.post(
            MAPS,
            "{'metadata':{'name':'b','ownerReferences':[{'apiVersion':'v1','kind':'Event',"
                + "'name':'e','uid':'u'}]}}");
    assertThat(owned.code()).isEqualTo(422);
    assertThat(owned.message()).contains("Kind=Event is disallowed from being an owner");
  }

  @Test
  void deletesACollectionInTheSameWay() throws Exception {
    create("a", "");
    create("b", "");
    Answer deleted =
        server.send("DELETE", MAPS, "{'kind':'DeleteOptions','propagationPolicy':'Orphan'}");
    assertThat(deleted.code()).isEqualTo(200);
    for (String name : List.of("a", "b")) {
      assertThat(finalizers(server.get(MAPS + "/" + name).body())).containsExactly("orphan");
    }
    assertThat(server.delete(MAPS + "?propagationPolicy=Sometimes").code()).isEqualTo(422);
  }

  @Test
  void leavesTheDependentsOfANamespaceToTheCollectorToo() throws Exception {
    server.namespace("team");
    ObjectNode marked = server.delete("/api/v1/namespaces/team?propagationPolicy=Orphan").body();
    assertThat(finalizers(marked)).containsExactly("orphan");
    assertThat(marked.path("metadata").has("deletionGracePeriodSeconds")).isFalse();
    marked.withObject("spec").putArray("finalizers");
    server.put("/api/v1/namespaces/team/finalize", marked);
    assertThat(server.get("/api/v1/namespaces/team").code()).isEqualTo(200);
    server.patch("/api/v1/namespaces/team", "merge", "{'metadata':{'finalizers':null}}");
    assertThat(server.get("/api/v1/namespaces/team").code()).isEqualTo(404);
  }

  private static List<String> finalizers(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.path("metadata").path("finalizers").forEach(f -> names.add(f.asText()));
    return names;
  }

  private void create(String name, String finalizers) throws Exception {
    Answer made =
        server.post(MAPS, "{'metadata':{'name':'" + name + "','finalizers':[" + finalizers + "]}}");
    assertThat(made.code()).as(made.message()).isEqualTo(201);
  }
}
