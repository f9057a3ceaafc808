package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import io.hubspoke.testing.Await;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is only tried does everything but the storing: the store's revision stays where it is. */
class DryRunTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String DRY = "dryRun=All";

  private long revision = -1;

  @AfterEach
  void nothingWasWritten() throws Exception {
    if (revision >= 0) {
      assertThat(Await.result(server.store.currentRevision())).isEqualTo(revision);
    }
  }

  @Test
  void showsWhatWouldBeCreated() throws Exception {
    from();
    Answer tried = server.post(MAPS + "?" + DRY, "{'metadata':{'name':'a'},'data':{'k':'v'}}");
    assertThat(tried.code()).isEqualTo(201);
    assertThat(Meta.uid(tried.body())).isNotEmpty();
    assertThat(tried.body().path("metadata").has("resourceVersion")).isFalse();
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(404);
    Answer generated = server.post(MAPS + "?" + DRY, "{'metadata':{'generateName':'a-'}}");
    assertThat(Meta.name(generated.body())).startsWith("a-").hasSize(7);
  }

  @Test
  void refusesWhatCouldNotBeCreated() throws Exception {
    server.post(MAPS, "{'metadata':{'name':'a'}}");
    from();
    assertThat(server.post(MAPS + "?" + DRY, "{'metadata':{'name':'a'}}").code()).isEqualTo(409);
    assertThat(server.post(MAPS + "?" + DRY, "{'metadata':{'name':'A'}}").code()).isEqualTo(422);
    assertThat(
            server
                .post("/api/v1/namespaces/none/configmaps?" + DRY, "{'metadata':{'name':'a'}}")
                .code())
        .isEqualTo(404);
    for (String path : List.of(MAPS, MAPS + "/a")) {
      String verb = path.equals(MAPS) ? "POST" : "PUT";
      Answer refused = server.send(verb, path + "?dryRun=Some", "{'metadata':{'name':'a'}}");
      assertThat(refused.code()).isEqualTo(422);
      assertThat(refused.message()).contains("dryRun: Unsupported value: []string{\"Some\"}");
    }
    assertThat(server.patch(MAPS + "/a?dryRun=", "merge", "{}").code()).isEqualTo(422);
  }

  @Test
  void showsWhatAChangeWouldMake() throws Exception {
    ObjectNode made = server.post(MAPS, "{'metadata':{'name':'a'}}").body();
    from();
    Answer patched = server.patch(MAPS + "/a?" + DRY, "merge", "{'data':{'k':'v'}}");
    assertThat(patched.code()).isEqualTo(200);
    assertThat(patched.body().path("data").path("k").asText()).isEqualTo("v");
    assertThat(Meta.resourceVersion(patched.body())).isEqualTo(Meta.resourceVersion(made));
    ObjectNode changed = made.deepCopy();
    changed.putObject("data").put("k", "v");
    assertThat(server.put(MAPS + "/a?" + DRY, changed).code()).isEqualTo(200);
    changed.withObject("metadata").put("resourceVersion", "1");
    assertThat(server.put(MAPS + "/a?" + DRY, changed).code()).isEqualTo(409);
    assertThat(server.get(MAPS + "/a").body()).isEqualTo(made);
  }

  @Test
  void triesADeletion() throws Exception {
    server.post(MAPS, "{'metadata':{'name':'a'}}");
    server.post(MAPS, "{'metadata':{'name':'held','finalizers':['x.io/one']}}");
    server.namespace("team");
    pod("p");
    pod("bound");
    server.post(PODS + "/bound/binding", "{'target':{'kind':'Node','name':'n1'}}");
    from();
    Answer deleted = server.delete(MAPS + "/a?" + DRY);
    assertThat(deleted.code()).isEqualTo(200);
    assertThat(deleted.body().path("status").asText()).isEqualTo("Success");
    assertThat(server.send("DELETE", MAPS + "/a", "{'dryRun':['All']}").code()).isEqualTo(200);
    assertThat(server.delete(MAPS + "/none?" + DRY).code()).isEqualTo(404);
    Answer foreground = server.delete(MAPS + "/a?propagationPolicy=Foreground&" + DRY);
    assertThat(Meta.deleting(foreground.body())).isTrue();
    assertThat(Meta.deleting(server.delete(MAPS + "/held?" + DRY).body())).isTrue();
    assertThat(Meta.deleting(server.delete("/api/v1/namespaces/team?" + DRY).body())).isTrue();
    assertThat(Meta.deleting(server.delete(PODS + "/p?" + DRY).body())).isTrue();
    assertThat(Meta.deleting(server.delete(PODS + "/bound?" + DRY).body())).isTrue();
    Answer collection = server.delete(MAPS + "?" + DRY);
    assertThat(collection.body().path("items")).hasSize(2);
    assertThat(server.get(MAPS).body().path("items")).hasSize(2);
  }

  @Test
  void triesTheEndOfADeletion() throws Exception {
    server.post(MAPS, "{'metadata':{'name':'held','finalizers':['x.io/one']}}");
    server.delete(MAPS + "/held");
    from();
    String free = "{'metadata':{'finalizers':null}}";
    assertThat(server.patch(MAPS + "/held?" + DRY, "merge", free).code()).isEqualTo(200);
    assertThat(server.get(MAPS + "/held").code()).isEqualTo(200);
  }

  @Test
  void triesSubresources() throws Exception {
    pod("p");
    server.namespace("team");
    ObjectNode marked = server.delete("/api/v1/namespaces/team").body();
    from();
    Answer bound =
        server.post(PODS + "/p/binding?" + DRY, "{'target':{'kind':'Node','name':'n1'}}");
    assertThat(bound.code()).isEqualTo(201);
    Answer status =
        server.patch(PODS + "/p/status?" + DRY, "merge", "{'status':{'phase':'Failed'}}");
    assertThat(status.body().path("status").path("phase").asText()).isEqualTo("Failed");
    marked.withObject("spec").putArray("finalizers");
    assertThat(server.put("/api/v1/namespaces/team/finalize?" + DRY, marked).code()).isEqualTo(200);
  }

  private void from() throws Exception {
    revision = Await.result(server.store.currentRevision());
  }

  private void pod(String name) throws Exception {
    Answer made =
        server.post(
            PODS,
            "{'metadata':{'name':'"
                + name
                + "'},'spec':{'containers':[{'name':'c','image':'i'}]}}");
    assertThat(made.code()).as(made.message()).isEqualTo(201);
  }
}
