package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import io.hubspoke.testing.Await;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class ListTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";

  @Test
  void listsObjectsInOrderWithTheRevisionTheyWereReadAt() throws Exception {
    create("b", "");
    ObjectNode last = create("a", "");
    Answer list = server.get(MAPS);
    assertThat(list.code()).isEqualTo(200);
    assertThat(list.body().path("kind").asText()).isEqualTo("ConfigMapList");
    assertThat(list.body().path("apiVersion").asText()).isEqualTo("v1");
    assertThat(Meta.resourceVersion(list.body())).isEqualTo(Meta.resourceVersion(last));
    assertThat(names(list)).containsExactly("a", "b");
    // Items of a list don't repeat the kind; everything else is as GET shows it.
    ObjectNode item = (ObjectNode) list.body().path("items").get(0);
    assertThat(item.has("kind")).isFalse();
    ObjectNode object = server.get(MAPS + "/a").body();
    object.remove(List.of("kind", "apiVersion"));
    assertThat(item).isEqualTo(object);
    assertThat(list.body().path("metadata").has("continue")).isFalse();
  }

  @Test
  void keepsNamespacesApartUnlessAllAreAskedFor() throws Exception {
    server.namespace("default2");
    create("a", "");
    server.post("/api/v1/namespaces/default2/configmaps", "{'metadata':{'name':'b'}}");
    assertThat(names(server.get(MAPS))).containsExactly("a");
    assertThat(names(server.get("/api/v1/configmaps"))).containsExactly("a", "b");
    assertThat(server.post("/api/v1/configmaps", "{'metadata':{'name':'c'}}").code())
        .isEqualTo(404);
  }

  @Test
  void selectsByLabelsAndFields() throws Exception {
    create("a", "'app':'web','tier':'front'");
    create("b", "'app':'db'");
    create("c", "");
    assertThat(names(server.get(MAPS + "?labelSelector=app%3Dweb"))).containsExactly("a");
    assertThat(names(server.get(MAPS + "?labelSelector=app+in+(web,db),tier!%3Dfront")))
        .containsExactly("b");
    assertThat(names(server.get(MAPS + "?labelSelector=!app"))).containsExactly("c");
    assertThat(names(server.get(MAPS + "?fieldSelector=metadata.name%3Db"))).containsExactly("b");
    assertThat(names(server.get(MAPS + "?fieldSelector=metadata.name!%3Db")))
        .containsExactly("a", "c");
  }

  @Test
  void refusesSelectorsThatMeanNothing() throws Exception {
    assertThat(server.get(MAPS + "?labelSelector=a%3D%3D%3Db").code()).isEqualTo(400);
    assertThat(server.get(MAPS + "?labelSelector=,%2C(").code()).isEqualTo(400);
    assertThat(server.get(MAPS + "?fieldSelector=novalue").code()).isEqualTo(400);
    Answer unknown = server.get(MAPS + "?fieldSelector=spec.color%3Dred");
    assertThat(unknown.code()).isEqualTo(400);
    assertThat(unknown.message()).contains("field label not supported: spec.color");
  }

  @Test
  void pagesThroughTheStateOfTheFirstPage() throws Exception {
    for (int i = 0; i < 10; i++) {
      create("m" + i, "");
    }
    Answer first = server.get(MAPS + "?limit=4");
    assertThat(names(first)).containsExactly("m0", "m1", "m2", "m3");
    assertThat(first.body().path("metadata").path("remainingItemCount").asInt()).isEqualTo(6);
    create("m55", "");
    server.delete(MAPS + "/m7");
    List<String> all = new ArrayList<>(names(first));
    Answer page = first;
    while (page.body().path("metadata").has("continue")) {
      page = server.get(MAPS + "?limit=4&continue=" + token(page));
      assertThat(page.code()).isEqualTo(200);
      assertThat(Meta.resourceVersion(page.body())).isEqualTo(Meta.resourceVersion(first.body()));
      all.addAll(names(page));
    }
    assertThat(all).containsExactly("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9");
  }

  @Test
  void pagesThroughASelection() throws Exception {
    for (int i = 0; i < 10; i++) {
      create("m" + i, i % 2 == 0 ? "'even':'yes'" : "");
    }
    Answer first = server.get(MAPS + "?limit=3&labelSelector=even");
    assertThat(names(first)).containsExactly("m0", "m2", "m4");
    assertThat(first.body().path("metadata").has("remainingItemCount")).isFalse();
    Answer second = server.get(MAPS + "?limit=3&labelSelector=even&continue=" + token(first));
    assertThat(names(second)).containsExactly("m6", "m8");
    assertThat(second.body().path("metadata").has("continue")).isFalse();
  }

  @Test
  void refusesContinueTokensThatItDidNotGiveForThisList() throws Exception {
    create("a", "");
    create("b", "");
    String token = token(server.get(MAPS + "?limit=1"));
    assertThat(server.get(MAPS + "?limit=1&continue=" + token).code()).isEqualTo(200);
    assertThat(server.get(PODS + "?limit=1&continue=" + token).code()).isEqualTo(400);
    assertThat(server.get("/api/v1/configmaps?limit=1&continue=" + token).code()).isEqualTo(400);
    for (String bad :
        List.of(
            "garbage",
            "%00",
            encoded("{}"),
            encoded("{\"v\":\"meta.k8s.io/v1\",\"rv\":-7,\"start\":\"a\"}"),
            encoded("{\"v\":\"meta.k8s.io/v9\",\"rv\":3,\"start\":\"a\"}"),
            encoded("{\"v\":\"meta.k8s.io/v1\",\"rv\":3,\"start\":\"../../secrets/\"}"),
            encoded(
                "{\"v\":\"meta.k8s.io/v1\",\"rv\":99999,\"start\":\"a\",\"of\":"
                    + "\"/registry/core/configmaps/default/\"}"))) {
      Answer refused = server.get(MAPS + "?limit=1&continue=" + bad);
      assertThat(refused.code()).as(bad).isEqualTo(400);
      assertThat(refused.message()).startsWith("continue key is not valid");
    }
    assertThat(server.get(MAPS + "?continue=" + token + "&resourceVersion=5").code())
        .isEqualTo(400);
    assertThat(server.get(MAPS + "?limit=-1").code()).isEqualTo(400);
    assertThat(server.get(MAPS + "?limit=x").code()).isEqualTo(400);
  }

  @Test
  void tellsThatAPageIsTooOldAndHowToGoOn() throws Exception {
    for (int i = 0; i < 4; i++) {
      create("m" + i, "");
    }
    String token = token(server.get(MAPS + "?limit=2"));
    ObjectNode last = create("m9", "");
    Await.result(server.store.compact(Long.parseLong(Meta.resourceVersion(last))));
    Answer expired = server.get(MAPS + "?limit=2&continue=" + token);
    assertThat(expired.code()).isEqualTo(410);
    assertThat(expired.reason()).isEqualTo("Expired");
    Answer on = server.get(MAPS + "?limit=5&continue=" + token(expired));
    assertThat(on.code()).isEqualTo(200);
    assertThat(names(on)).containsExactly("m2", "m3", "m9");
  }

  @Test
  void readsAtTheResourceVersionThatIsAskedFor() throws Exception {
    String before = Meta.resourceVersion(create("a", ""));
    create("b", "");
    String exact = "&resourceVersionMatch=Exact";
    String notOlder = "&resourceVersionMatch=NotOlderThan";
    assertThat(names(server.get(MAPS + "?resourceVersion=" + before + exact))).containsExactly("a");
    assertThat(names(server.get(MAPS + "?resourceVersion=" + before + notOlder)))
        .containsExactly("a", "b");
    assertThat(names(server.get(MAPS + "?resourceVersion=" + before))).containsExactly("a", "b");
    assertThat(names(server.get(MAPS + "?resourceVersion=" + before + "&limit=5")))
        .containsExactly("a");
    assertThat(names(server.get(MAPS + "?resourceVersion=0"))).containsExactly("a", "b");
    assertThat(server.get(MAPS + "/a?resourceVersion=" + before).code()).isEqualTo(200);
    assertThat(server.get(MAPS + "/a?resourceVersion=0").code()).isEqualTo(200);
  }

  @Test
  void refusesResourceVersionsThatAreNoneOrDontGoTogether() throws Exception {
    assertThat(server.get(MAPS + "?resourceVersion=x").code()).isEqualTo(400);
    assertThat(server.get(MAPS + "?resourceVersion=-1").code()).isEqualTo(400);
    assertThat(server.get(MAPS + "/a?resourceVersion=x").code()).isEqualTo(400);
    for (String query :
        List.of(
            "resourceVersionMatch=Exact",
            "resourceVersion=0&resourceVersionMatch=Exact",
            "resourceVersion=1&resourceVersionMatch=Sometimes")) {
      Answer refused = server.get(MAPS + "?" + query);
      assertThat(refused.code()).as(query).isEqualTo(422);
      assertThat(refused.message()).contains("resourceVersionMatch");
    }
  }

  @Test
  void saysWhatDoesNotGoTogetherAsTheRealOneDoes() throws Exception {
    refused(
        "resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion");
    refused(
        "resourceVersionMatch=Exact&resourceVersion=0",
        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    refused(
        "resourceVersionMatch=Sometimes&resourceVersion=1",
        "resourceVersionMatch: Unsupported value: \"Sometimes\": supported values: \"Exact\","
            + " \"NotOlderThan\", \"\"");
    refused(
        "resourceVersionMatch=Exact&continue=x",
        "[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion"
            + " is provided, resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when"
            + " continue is provided]");
    refused("sendInitialEvents=true", "sendInitialEvents is forbidden for list");
    refused(
        "watch=1&resourceVersionMatch=NotOlderThan",
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    refused(
        "watch=1&sendInitialEvents=false",
        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }

  private void refused(String query, String why) throws Exception {
    Answer refused = server.get(MAPS + "?" + query);
    assertThat(refused.code()).as(query).isEqualTo(422);
    assertThat(refused.message())
        .startsWith("ListOptions.meta.k8s.io \"\" is invalid: ")
        .contains(why);
  }

  @Test
  void answersAResourceVersionYetToComeWithATimeout() throws Exception {
    create("a", "");
    Answer late = server.get(MAPS + "?resourceVersion=1000000");
    assertThat(late.code()).isEqualTo(504);
    assertThat(late.reason()).isEqualTo("Timeout");
    assertThat(late.message()).startsWith("Too large resource version: 1000000, current: ");
    assertThat(late.body().path("details").path("causes").get(0).path("reason").asText())
        .isEqualTo("ResourceVersionTooLarge");
    assertThat(late.body().path("details").path("retryAfterSeconds").asInt()).isEqualTo(1);
    assertThat(server.get(MAPS + "?resourceVersion=1000000&resourceVersionMatch=Exact").code())
        .isEqualTo(504);
  }

  @Test
  void answersACompactedResourceVersionWithGone() throws Exception {
    String old = Meta.resourceVersion(create("a", ""));
    String current = Meta.resourceVersion(create("b", ""));
    Await.result(server.store.compact(Long.parseLong(current)));
    Answer gone = server.get(MAPS + "?resourceVersion=" + old + "&resourceVersionMatch=Exact");
    assertThat(gone.code()).isEqualTo(410);
    assertThat(gone.reason()).isEqualTo("Expired");
  }

  @Test
  void showsTablesAndMetadataToThoseWhoPreferThem() throws Exception {
    create("a", "'x':'y'");
    String json = "application/json";
    String table = json + ";as=Table;v=v1;g=meta.k8s.io";
    Answer asTable = server.get(MAPS, "Accept", table + "," + json);
    assertThat(asTable.body().path("kind").asText()).isEqualTo("Table");
    assertThat(asTable.body().path("columnDefinitions").get(0).path("name").asText())
        .isEqualTo("Name");
    assertThat(asTable.body().path("rows").get(0).path("cells").get(0).asText()).isEqualTo("a");
    assertThat(asTable.body().path("rows").get(0).path("object").path("kind").asText())
        .isEqualTo("PartialObjectMetadata");
    assertThat(Meta.resourceVersion(asTable.body())).isNotEmpty();
    Answer one = server.get(MAPS + "/a?includeObject=Object", "Accept", table);
    assertThat(one.body().path("rows").get(0).path("object").path("kind").asText())
        .isEqualTo("ConfigMap");
    Answer partial =
        server.get(MAPS, "Accept", json + ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    assertThat(partial.body().path("kind").asText()).isEqualTo("PartialObjectMetadataList");
    assertThat(Meta.labels(partial.body().path("items").get(0))).containsEntry("x", "y");
    assertThat(partial.body().path("items").get(0).has("data")).isFalse();
  }

  @Test
  void refusesWhatItDoesNotSpeak() throws Exception {
    create("a", "");
    assertThat(server.get(MAPS, "Accept", "text/html,application/json").code()).isEqualTo(200);
    assertThat(server.get(MAPS, "Accept", "*/*").code()).isEqualTo(200);
    Answer refused = server.get(MAPS, "Accept", "application/yaml");
    assertThat(refused.code()).isEqualTo(406);
    assertThat(refused.reason()).isEqualTo("NotAcceptable");
    assertThat(server.get(MAPS, "Accept", "application/json;as=Table;v=v9;g=meta.k8s.io").code())
        .isEqualTo(406);
  }

  @Test
  void sendsALongListWhole() throws Exception {
    String data = "x".repeat(2_000);
    for (int i = 0; i < 300; i++) {
      server.post(MAPS, "{'metadata':{'name':'m" + i + "'},'data':{'k':'" + data + "'}}");
    }
    Answer list = server.get(MAPS);
    assertThat(list.body().path("items")).hasSize(300);
    assertThat(list.body().path("items"))
        .allSatisfy(item -> assertThat(item.path("data").path("k").asText()).isEqualTo(data));
  }

  private ObjectNode create(String name, String labels) throws Exception {
    Answer made =
        server.post(MAPS, "{'metadata':{'name':'" + name + "','labels':{" + labels + "}}}");
    assertThat(made.code()).isEqualTo(201);
    return made.body();
  }

  private static List<String> names(Answer list) {
    assertThat(list.code()).as(list.message()).isEqualTo(200);
    List<String> names = new ArrayList<>();
    list.body().path("items").forEach(item -> names.add(Meta.name(item)));
    return names;
  }

  private static String token(Answer page) {
    return URLEncoder.encode(Meta.text(page.body(), "continue"), StandardCharsets.UTF_8);
  }

  private static String encoded(String json) {
    byte[] bytes = Json.bytes(Json.parseObject(json.getBytes(StandardCharsets.UTF_8)));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
