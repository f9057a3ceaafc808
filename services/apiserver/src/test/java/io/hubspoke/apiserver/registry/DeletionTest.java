package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class DeletionTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";

  @Test
  void deletesAtOnceAndSaysWhat() throws Exception {
    ObjectNode made = create("a", "");
    Answer deleted = server.delete(MAPS + "/a");
    assertThat(deleted.code()).isEqualTo(200);
    assertThat(deleted.body().path("kind").asText()).isEqualTo("Status");
    assertThat(deleted.body().path("status").asText()).isEqualTo("Success");
    assertThat(deleted.body().path("details").path("name").asText()).isEqualTo("a");
    assertThat(deleted.body().path("details").path("kind").asText()).isEqualTo("configmaps");
    assertThat(deleted.body().path("details").path("uid").asText()).isEqualTo(Meta.uid(made));
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(404);
  }

  @Test
  void deletesOnlyTheObjectThatThePreconditionsName() throws Exception {
    ObjectNode made = create("a", "");
    Answer uid =
        server.send("DELETE", MAPS + "/a", "{'kind':'DeleteOptions','preconditions':{'uid':'x'}}");
    assertThat(uid.code()).isEqualTo(409);
    assertThat(uid.message())
        .isEqualTo(
            "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does"
                + " not match the UID in record ("
                + Meta.uid(made)
                + "). The object might have been deleted and then recreated");
    Answer version =
        server.send("DELETE", MAPS + "/a", "{'preconditions':{'resourceVersion':'1'}}");
    assertThat(version.code()).isEqualTo(409);
    assertThat(version.message())
        .contains("the ResourceVersion in the precondition (1) does not match");
    Answer right =
        server.send("DELETE", MAPS + "/a", "{'preconditions':{'uid':'" + Meta.uid(made) + "'}}");
    assertThat(right.code()).isEqualTo(200);
  }

  @Test
  void refusesOptionsThatMeanNothing() throws Exception {
    create("a", "");
    assertThat(server.send("DELETE", MAPS + "/a", "{'kind':'Pod'}").code()).isEqualTo(400);
    assertThat(server.send("DELETE", MAPS + "/a", "{'gracePeriodSeconds':'x'}").code())
        .isEqualTo(400);
    assertThat(server.delete(MAPS + "/a?gracePeriodSeconds=x").code()).isEqualTo(400);
    assertThat(server.delete(MAPS + "/a?propagationPolicy=Sometimes").code()).isEqualTo(422);
    assertThat(server.send("DELETE", MAPS + "/a", "nonsense").code()).isEqualTo(400);
    assertThat(server.delete(MAPS + "/a?propagationPolicy=Background").code()).isEqualTo(200);
  }

  @Test
  void waitsForFinalizers() throws Exception {
    server.post(MAPS, "{'metadata':{'name':'a','finalizers':['x.io/one','x.io/two']}}");
    Answer marked = server.delete(MAPS + "/a");
    assertThat(marked.code()).isEqualTo(200);
    assertThat(marked.body().path("kind").asText()).isEqualTo("ConfigMap");
    assertThat(Meta.deleting(marked.body())).isTrue();
    String version = Meta.resourceVersion(marked.body());
    assertThat(Meta.resourceVersion(server.delete(MAPS + "/a").body())).isEqualTo(version);
    // None may be added any more, and the timestamp can't be taken back.
    Answer added =
        server.patch(MAPS + "/a", "merge", "{'metadata':{'finalizers':['x.io/one','x.io/new']}}");
    assertThat(added.code()).isEqualTo(422);
    server.patch(MAPS + "/a", "merge", "{'metadata':{'deletionTimestamp':null}}");
    assertThat(Meta.deleting(server.get(MAPS + "/a").body())).isTrue();
    server.patch(MAPS + "/a", "merge", "{'metadata':{'finalizers':['x.io/two']}}");
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(200);
    assertThat(server.patch(MAPS + "/a", "merge", "{'metadata':{'finalizers':null}}").code())
        .isEqualTo(200);
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(404);
  }

  @Test
  void deletesAnUnscheduledPodAtOnceAndReturnsIt() throws Exception {
    pod("p", "");
    Answer deleted = server.delete(PODS + "/p");
    assertThat(deleted.body().path("kind").asText()).isEqualTo("Pod");
    assertThat(server.get(PODS + "/p").code()).isEqualTo(404);
  }

  @Test
  void givesAScheduledPodItsGracePeriodWhichALaterDeletionMayShorten() throws Exception {
    pod("p", "'nodeName':'n1',");
    Answer marked = server.delete(PODS + "/p");
    assertThat(marked.code()).isEqualTo(200);
    assertThat(grace(marked.body())).isEqualTo(30);
    Instant first = Instant.parse(Meta.text(marked.body(), "deletionTimestamp"));
    assertThat(first).isAfter(Instant.now().plus(Duration.ofSeconds(20)));

    ObjectNode longer = server.delete(PODS + "/p?gracePeriodSeconds=60").body();
    assertThat(grace(longer)).isEqualTo(30);
    ObjectNode shorter = server.delete(PODS + "/p?gracePeriodSeconds=10").body();
    assertThat(grace(shorter)).isEqualTo(10);
    assertThat(Instant.parse(Meta.text(shorter, "deletionTimestamp")))
        .isEqualTo(first.minusSeconds(20));
    // What the kubelet does once the containers are gone.
    assertThat(server.delete(PODS + "/p?gracePeriodSeconds=0").code()).isEqualTo(200);
    assertThat(server.get(PODS + "/p").code()).isEqualTo(404);
  }

  @Test
  void takesTheGracePeriodFromTheBody() throws Exception {
    pod("p", "'nodeName':'n1',");
    Answer marked =
        server.send(
            "DELETE",
            PODS + "/p",
            "{'kind':'DeleteOptions','apiVersion':'v1','gracePeriodSeconds':5}");
    assertThat(grace(marked.body())).isEqualTo(5);
  }

  @Test
  void evictsAPod() throws Exception {
    pod("p", "'nodeName':'n1',");
    Answer evicted =
        server.post(
            PODS + "/p/eviction",
            "{'apiVersion':'policy/v1','kind':'Eviction','metadata':{'name':'p'},"
                + "'deleteOptions':{'gracePeriodSeconds':7}}");
    assertThat(evicted.code()).isEqualTo(201);
    assertThat(grace(server.get(PODS + "/p").body())).isEqualTo(7);
  }

  @Test
  void deletesACollectionBySelector() throws Exception {
    create("a", "'app':'web'");
    create("b", "'app':'web'");
    create("c", "'app':'db'");
    Answer deleted = server.delete(MAPS + "?labelSelector=app%3Dweb");
    assertThat(deleted.code()).isEqualTo(200);
    assertThat(deleted.body().path("kind").asText()).isEqualTo("ConfigMapList");
    assertThat(deleted.body().path("items")).hasSize(2);
    assertThat(server.get(MAPS).body().path("items")).hasSize(1);
  }

  @Test
  void keepsANamespaceUntilItIsFinalizedAndLetsNothingNewIn() throws Exception {
    server.namespace("team");
    Answer marked = server.delete("/api/v1/namespaces/team");
    assertThat(marked.code()).isEqualTo(200);
    assertThat(marked.body().path("status").path("phase").asText()).isEqualTo("Terminating");
    assertThat(Meta.deleting(marked.body())).isTrue();

    Answer refused =
        server.post("/api/v1/namespaces/team/configmaps", "{'metadata':{'name':'late'}}");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "configmaps \"late\" is forbidden: unable to create new content in namespace team"
                + " because it is being terminated");
    Answer again = server.delete("/api/v1/namespaces/team");
    assertThat(again.code()).isEqualTo(200);
    assertThat(Meta.resourceVersion(again.body())).isEqualTo(Meta.resourceVersion(marked.body()));

    ObjectNode finalized = marked.body().deepCopy();
    finalized.withObject("spec").putArray("finalizers");
    assertThat(server.put("/api/v1/namespaces/team/finalize", finalized).code()).isEqualTo(200);
    assertThat(server.get("/api/v1/namespaces/team").code()).isEqualTo(404);
  }

  @Test
  void refusesToDeleteTheNamespacesThatTheClusterNeeds() throws Exception {
    Answer refused = server.delete("/api/v1/namespaces/default");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo("namespaces \"default\" is forbidden: this namespace may not be deleted");
  }

  @Test
  void showsTheListerWhatWasWrittenAsSoonAsItIsAnswered() throws Exception {
    for (int i = 0; i < 50; i++) {
      create("m" + i, "");
      assertThat(server.registry.lister().get(ResourceTable.CONFIG_MAPS.type(), "default", "m" + i))
          .isNotNull();
      server.delete(MAPS + "/m" + i);
      assertThat(server.registry.lister().list(ResourceTable.CONFIG_MAPS.type(), "default"))
          .isEmpty();
    }
  }

  private static long grace(ObjectNode object) {
    return object.path("metadata").path("deletionGracePeriodSeconds").asLong(-1);
  }

  private void pod(String name, String spec) throws Exception {
    Answer made =
        server.post(
            PODS,
            "{'metadata':{'name':'"
                + name
                + "'},'spec':{"
                + spec
                + "'containers':[{'name':'c','image':'i'}]}}");
    assertThat(made.code()).as(made.message()).isEqualTo(201);
  }

  private ObjectNode create(String name, String labels) throws Exception {
    Answer made =
        server.post(MAPS, "{'metadata':{'name':'" + name + "','labels':{" + labels + "}}}");
    assertThat(made.code()).isEqualTo(201);
    return made.body();
  }
}
