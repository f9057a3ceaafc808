package io.hubspoke.apiserver.registry;

import static io.hubspoke.apiserver.registry.RegistryServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.http.RequestBody;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class CreateAndUpdateTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String POD =
      "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'hubspoke/pause'}]}}";

  @Test
  void asksWhichVersionOfALeaseIsMeant() throws Exception {
    String leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    ObjectNode made = server.put(leases + "/l", json("{'metadata':{'name':'l'}}")).body();
    Answer refused = server.put(leases + "/l", json("{'metadata':{'name':'l'}}"));
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .isEqualTo(
            "leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value:"
                + " 0x0: must be specified for an update");
    assertThat(server.put(leases + "/l", made).code()).isEqualTo(200);
    assertThat(server.patch(leases + "/l", "merge", "{'spec':{'holderIdentity':'x'}}").code())
        .isEqualTo(200);
  }

  @Test
  void makesWhatIsPutOnlyIfNoCertainObjectIsMeant() throws Exception {
    String leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    Answer gone = server.put(leases + "/l", json("{'metadata':{'name':'l','uid':'u'}}"));
    assertThat(gone.code()).isEqualTo(409);
    assertThat(gone.message()).endsWith("UID in precondition: u, UID in object meta: ");
    String version = "{'metadata':{'name':'l','resourceVersion':'7'}}";
    assertThat(server.put(leases + "/l", json(version)).code()).isEqualTo(201);
  }

  @Test
  void createsAnObjectWithTheMetadataThatTheServerOwns() throws Exception {
    Answer made =
        server.post(
            MAPS,
            "{'metadata':{'name':'a','uid':'mine','creationTimestamp':'1999-01-01T00:00:00Z',"
                + "'managedFields':[{'manager':'x'}]},'data':{'k':'v'},'unknown':{'kept':[1,2]}}");
    assertThat(made.code()).isEqualTo(201);
    assertThat(made.body().path("kind").asText()).isEqualTo("ConfigMap");
    assertThat(made.body().path("apiVersion").asText()).isEqualTo("v1");
    assertThat(Meta.namespace(made.body())).isEqualTo("default");
    assertThat(Meta.uid(made.body())).isNotEqualTo("mine").hasSize(36);
    assertThat(Meta.text(made.body(), "creationTimestamp")).startsWith("20").endsWith("Z");
    assertThat(Long.parseLong(Meta.resourceVersion(made.body()))).isPositive();
    assertThat(made.body().path("metadata").has("managedFields")).isFalse();
    assertThat(made.body().path("unknown").path("kept")).hasSize(2);
    assertThat(server.get(MAPS + "/a").body()).isEqualTo(made.body());
  }

  @Test
  void refusesToCreateWhatExists() throws Exception {
    create("a");
    Answer again = server.post(MAPS, "{'metadata':{'name':'a'}}");
    assertThat(again.code()).isEqualTo(409);
    assertThat(again.reason()).isEqualTo("AlreadyExists");
    assertThat(again.message()).isEqualTo("configmaps \"a\" already exists");
  }

  @Test
  void generatesNamesThatDiffer() throws Exception {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      names.add(Meta.name(server.post(MAPS, "{'metadata':{'generateName':'web-'}}").body()));
    }
    assertThat(names)
        .hasSize(20)
        .allMatch(name -> name.matches("web-[bcdfghjklmnpqrstvwxz2456789]{5}"));
  }

  @Test
  void refusesToCreateInANamespaceThatDoesNotExist() throws Exception {
    Answer refused =
        server.post("/api/v1/namespaces/nowhere/configmaps", "{'metadata':{'name':'a'}}");
    assertThat(refused.code()).isEqualTo(404);
    assertThat(refused.message()).isEqualTo("namespaces \"nowhere\" not found");
  }

  @Test
  void refusesNamesAndNamespacesThatContradictTheUrl() throws Exception {
    assertThat(server.post(MAPS, "{'metadata':{'name':'a','namespace':'other'}}").message())
        .isEqualTo(
            "the namespace of the provided object does not match the namespace sent on the"
                + " request");
    create("a");
    Answer renamed = server.put(MAPS + "/a", json("{'metadata':{'name':'b'}}"));
    assertThat(renamed.code()).isEqualTo(400);
    assertThat(renamed.message())
        .isEqualTo("the name of the object (b) does not match the name on the URL (a)");
  }

  @Test
  void refusesOtherKindsAndVersions() throws Exception {
    Answer kind = server.post(MAPS, "{'kind':'Secret','apiVersion':'v1','metadata':{'name':'a'}}");
    assertThat(kind.code()).isEqualTo(400);
    assertThat(kind.message()).contains("Secret").contains("ConfigMap");
    Answer version = server.post(MAPS, "{'apiVersion':'v2','metadata':{'name':'a'}}");
    assertThat(version.message())
        .isEqualTo("the API version in the data (v2) does not match the expected API version (v1)");
  }

  @Test
  void refusesInvalidNamesWithTheFieldThatIsWrong() throws Exception {
    Answer refused = server.post(MAPS, "{'metadata':{'name':'Not_Valid'}}");
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.reason()).isEqualTo("Invalid");
    assertThat(refused.message())
        .startsWith("ConfigMap \"Not_Valid\" is invalid: metadata.name: Invalid value:");
    assertThat(server.post(MAPS, "{}").message()).contains("name or generateName is required");
  }

  @Test
  void refusesMetadataOfTheWrongShape() throws Exception {
    for (String meta :
        List.of(
            "{'metadata':[]}",
            "{'metadata':{'name':5}}",
            "{'metadata':{'name':'a','labels':['x']}}",
            "{'metadata':{'name':'a','labels':{'x':1}}}",
            "{'metadata':{'name':'a','finalizers':'x'}}",
            "{'metadata':{'name':'a','ownerReferences':['x']}}")) {
      assertThat(server.post(MAPS, meta).code()).as(meta).isEqualTo(400);
    }
  }

  @Test
  void updatesAtTheVersionThatTheClientSaw() throws Exception {
    ObjectNode first = create("a");
    ObjectNode changed = first.deepCopy();
    changed.putObject("data").put("k", "v");
    Answer updated = server.put(MAPS + "/a", changed);
    assertThat(updated.code()).isEqualTo(200);
    assertThat(Long.parseLong(Meta.resourceVersion(updated.body())))
        .isGreaterThan(Long.parseLong(Meta.resourceVersion(first)));
    Answer late = server.put(MAPS + "/a", changed);
    assertThat(late.code()).isEqualTo(409);
    assertThat(late.reason()).isEqualTo("Conflict");
    assertThat(late.message())
        .isEqualTo(
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified;"
                + " please apply your changes to the latest version and try again");
  }

  @Test
  void updatesWithoutAVersionWhateverIsThere() throws Exception {
    ObjectNode first = create("a");
    Answer updated = server.put(MAPS + "/a", json("{'metadata':{'name':'a'},'data':{'k':'v'}}"));
    assertThat(updated.code()).isEqualTo(200);
    assertThat(Meta.uid(updated.body())).isEqualTo(Meta.uid(first));
    assertThat(Meta.text(updated.body(), "creationTimestamp"))
        .isEqualTo(Meta.text(first, "creationTimestamp"));
  }

  @Test
  void keepsTheVersionWhenNothingChanges() throws Exception {
    ObjectNode first = create("a");
    assertThat(server.put(MAPS + "/a", first).body()).isEqualTo(first);
  }

  @Test
  void keepsTheVersionWhenFieldsComeInAnotherOrder() throws Exception {
    server.post(
        MAPS,
        "{\"metadata\":{\"name\":\"a\"},\"immutable\":false,\"data\":{\"k\":\"v\",\"l\":\"w\"}}");
    ObjectNode first = server.get(MAPS + "/a").body();
    ObjectNode turned =
        json("{'data':{'l':'w','k':'v'},'immutable':false,'metadata':{'name':'a'}}");
    assertThat(server.put(MAPS + "/a", turned).body()).isEqualTo(first);
    assertThat(server.get(MAPS + "/a").body()).isEqualTo(first);
  }

  @Test
  void refusesAnUpdateThatMeansAnotherObjectOfThatName() throws Exception {
    create("a");
    Answer refused = server.put(MAPS + "/a", json("{'metadata':{'name':'a','uid':'other'}}"));
    assertThat(refused.code()).isEqualTo(409);
    assertThat(refused.message()).contains("UID in precondition: other");
  }

  @Test
  void answersNotFoundForWhatIsNotThere() throws Exception {
    assertThat(server.get(MAPS + "/x").message()).isEqualTo("configmaps \"x\" not found");
    assertThat(server.put(MAPS + "/x", json("{'metadata':{'name':'x'}}")).code()).isEqualTo(404);
    assertThat(server.patch(MAPS + "/x", "merge", "{}").code()).isEqualTo(404);
    assertThat(server.delete(MAPS + "/x").code()).isEqualTo(404);
    assertThat(server.get("/api/v1/namespaces/default/unicorns").code()).isEqualTo(404);
    assertThat(server.get(MAPS + "/x/status").code()).isEqualTo(404);
    assertThat(server.get(MAPS + "/x/y/z").code()).isEqualTo(404);
  }

  @Test
  void patchesInThreeFormats() throws Exception {
    create("a");
    assertThat(
            server
                .patch(MAPS + "/a", "merge", "{'data':{'one':'1','two':'2'}}")
                .body()
                .path("data")
                .path("one")
                .asText())
        .isEqualTo("1");
    assertThat(
            server
                .patch(MAPS + "/a", "json", "[{'op':'remove','path':'/data/one'}]")
                .body()
                .path("data"))
        .isEqualTo(json("{'two':'2'}"));
    assertThat(
            server
                .patch(MAPS + "/a", "strategic-merge", "{'metadata':{'labels':{'x':'y'}}}")
                .body()
                .path("metadata")
                .path("labels"))
        .isEqualTo(json("{'x':'y'}"));
  }

  @Test
  void refusesPatchesThatItCannotApply() throws Exception {
    create("a");
    assertThat(server.patch(MAPS + "/a", "apply", "{}").code()).isEqualTo(415);
    assertThat(server.patch(MAPS + "/a", "merge", "[]").code()).isEqualTo(400);
    assertThat(server.patch(MAPS + "/a", "json", "{}").code()).isEqualTo(400);
    assertThat(server.patch(MAPS + "/a", "merge", "{not json").code()).isEqualTo(400);
    assertThat(
            server.patch(MAPS + "/a", "json", "[{'op':'test','path':'/data','value':'x'}]").code())
        .isEqualTo(422);
    assertThat(server.patch(MAPS + "/a", "merge", "{'metadata':{'name':'b'}}").code())
        .isEqualTo(400);
    assertThat(server.patch(MAPS + "/a", "merge", "{'metadata':{'resourceVersion':'1'}}").code())
        .isEqualTo(409);
    assertThat(server.patch(MAPS + "/a", "json", "[{'op':'replace','path':'','value':3}]").code())
        .isBetween(400, 422);
  }

  @Test
  void appliesEveryOneOfManyPatchesThatRace() throws Exception {
    create("a");
    List<Future<Answer>> answers = new ArrayList<>();
    try (var executor = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 40; i++) {
        String patch = "{'data':{'k" + i + "':'v'}}";
        answers.add(executor.submit(() -> server.patch(MAPS + "/a", "merge", patch)));
      }
      for (var answer : answers) {
        assertThat(answer.get().code()).isEqualTo(200);
      }
    }
    assertThat(server.get(MAPS + "/a").body().path("data")).hasSize(40);
  }

  @Test
  void keepsStatusAndSpecApart() throws Exception {
    server.post(PODS, POD);
    Answer status =
        server.patch(
            PODS + "/p/status",
            "strategic-merge",
            "{'status':{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]},"
                + "'spec':{'nodeName':'evil'}}");
    assertThat(status.code()).isEqualTo(200);
    assertThat(status.body().path("status").path("phase").asText()).isEqualTo("Running");
    assertThat(status.body().path("spec").has("nodeName")).isFalse();
    // Conditions merge by type.
    Answer more =
        server.patch(
            PODS + "/p/status",
            "strategic-merge",
            "{'status':{'conditions':[{'type':'Initialized','status':'True'}]}}");
    assertThat(more.body().path("status").path("conditions")).hasSize(2);
    Answer spec =
        server.patch(
            PODS + "/p", "merge", "{'metadata':{'labels':{'a':'b'}},'status':{'phase':'Failed'}}");
    assertThat(spec.body().path("status").path("phase").asText()).isEqualTo("Running");
    assertThat(Meta.labels(server.get(PODS + "/p/status").body())).containsEntry("a", "b");
  }

  @Test
  void storesNothingOnADryRun() throws Exception {
    Answer dry = server.post(MAPS + "?dryRun=All", "{'metadata':{'name':'a'}}");
    assertThat(dry.code()).isEqualTo(201);
    assertThat(server.get(MAPS + "/a").code()).isEqualTo(404);
    ObjectNode made = create("a");
    Answer patched = server.patch(MAPS + "/a?dryRun=All", "merge", "{'data':{'k':'v'}}");
    assertThat(patched.body().path("data").path("k").asText()).isEqualTo("v");
    assertThat(server.delete(MAPS + "/a?dryRun=All").code()).isEqualTo(200);
    assertThat(server.get(MAPS + "/a").body()).isEqualTo(made);
    assertThat(server.post(MAPS + "?dryRun=Some", "{'metadata':{'name':'b'}}").code())
        .isEqualTo(422);
    assertThat(server.post(MAPS + "?dryRun=All", "{'metadata':{'name':'a'}}").code())
        .isEqualTo(409);
  }

  @Test
  void bindsAPodOnce() throws Exception {
    server.post(PODS, POD);
    String binding = "{'metadata':{'name':'p'},'target':{'kind':'Node','name':'n1'}}";
    Answer bound = server.post(PODS + "/p/binding", binding);
    assertThat(bound.code()).isEqualTo(201);
    assertThat(bound.body().path("status").asText()).isEqualTo("Success");
    ObjectNode pod = server.get(PODS + "/p").body();
    assertThat(pod.path("spec").path("nodeName").asText()).isEqualTo("n1");
    assertThat(pod.path("status").path("conditions"))
        .anySatisfy(
            c -> {
              assertThat(c.path("type").asText()).isEqualTo("PodScheduled");
              assertThat(c.path("status").asText()).isEqualTo("True");
            });
    Answer again = server.post(PODS + "/p/binding", binding);
    assertThat(again.code()).isEqualTo(409);
    assertThat(again.message())
        .isEqualTo(
            "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to"
                + " node \"n1\"");
    assertThat(server.post(PODS + "/p/binding", "{'target':{}}").code()).isEqualTo(422);
    Answer nowhere = server.post(PODS + "/p/binding", "{'target':{'name':'../etc'}}");
    assertThat(nowhere.code()).isEqualTo(422);
    assertThat(nowhere.message()).contains("target.name: Invalid value: \"../etc\"");
    Answer mirror =
        server.post(
            PODS + "/p/binding",
            "{'metadata':{'annotations':{'kubernetes.io/config.mirror':'x'}},"
                + "'target':{'name':'n1'}}");
    assertThat(mirror.code()).isEqualTo(422);
    assertThat(mirror.message()).contains("may not add mirror pod annotation");
    assertThat(server.post(PODS + "/x/binding", binding.replace("'p'", "'x'")).code())
        .isEqualTo(404);
  }

  @Test
  void refusesBodiesThatAreMalformedTooDeepTooLargeOrOfAnotherType() throws Exception {
    assertThat(server.post(MAPS, "{'metadata':").code()).isEqualTo(400);
    assertThat(server.post(MAPS, "").code()).isEqualTo(400);
    assertThat(server.post(MAPS, "[]").code()).isEqualTo(400);
    assertThat(server.post(MAPS, "{'a':".repeat(5_000) + "1" + "}".repeat(5_000)).code())
        .isEqualTo(400);
    assertThat(server.post(MAPS, "{}", "Content-Type", "text/plain").code()).isEqualTo(415);
    Answer large = server.post(MAPS, "{'data':'" + "x".repeat(RequestBody.MAX_BYTES) + "'}");
    assertThat(large.code()).isEqualTo(413);
    assertThat(large.reason()).isEqualTo("RequestEntityTooLarge");
    assertThat(server.get(MAPS).body().path("items")).isEmpty();
  }

  @Test
  void survivesKeysThatComeTwiceWhateverValidationIsAskedFor() throws Exception {
    for (String validation : List.of("Ignore", "Warn", "Strict")) {
      Answer answer =
          server.post(
              MAPS + "?fieldValidation=" + validation,
              "{'metadata':{'name':'a'},'metadata':{'name':'"
                  + validation.toLowerCase(Locale.ROOT)
                  + "'},'extra':1,'extra':2}");
      assertThat(answer.code()).as(validation).isIn(201, 400);
    }
    Answer refused = server.post(MAPS + "?fieldValidation=Maybe", "{'metadata':{'name':'m'}}");
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message()).contains("fieldValidation: Unsupported value: \"Maybe\"");
  }

  @Test
  void readsYaml() throws Exception {
    Answer made =
        server.post(
            MAPS,
            "metadata:\n  name: a\ndata:\n  k: |\n    two\n    lines\n",
            "Content-Type",
            "application/yaml");
    assertThat(made.code()).isEqualTo(201);
    assertThat(made.body().path("data").path("k").asText()).isEqualTo("two\nlines\n");
  }

  @Test
  void refusesMethodsThatAResourceDoesNotHave() throws Exception {
    assertThat(server.send("DELETE", "/api/v1/namespaces", null).code()).isEqualTo(405);
    assertThat(server.send("POST", PODS + "/p/status", "{}").code()).isEqualTo(405);
    assertThat(server.send("GET", PODS + "/p/binding", null).code()).isEqualTo(405);
  }

  private ObjectNode create(String name) throws Exception {
    Answer made = server.post(MAPS, "{'metadata':{'name':'" + name + "'}}");
    assertThat(made.code()).isEqualTo(201);
    return made.body();
  }
}
