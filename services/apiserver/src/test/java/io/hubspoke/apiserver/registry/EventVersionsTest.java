package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Events are the same objects in both of their groups. */
class EventVersionsTest extends RegistryTest {
  private static final String CORE = "/api/v1/namespaces/default/events";
  private static final String NEWER = "/apis/events.k8s.io/v1/namespaces/default/events";

  @Test
  void anEventOfOneGroupIsReadListedAndWatchedInTheOther() throws Exception {
    try (var core = server.watch(CORE + "?watch=1");
        var newer = server.watch(NEWER + "?watch=1")) {
      assertThat(
              server
                  .post(
                      CORE,
                      "{'metadata':{'name':'a'},'involvedObject':{'kind':'Pod','name':'p',"
                          + "'namespace':'default'},'message':'m','count':3,'reason':'R',"
                          + "'source':{'component':'kubelet'}}")
                  .code())
          .isEqualTo(201);
      var read = server.get(NEWER + "/a").body();
      assertThat(read.path("apiVersion").asText()).isEqualTo("events.k8s.io/v1");
      assertThat(read.path("regarding").path("name").asText()).isEqualTo("p");
      assertThat(read.path("note").asText()).isEqualTo("m");
      assertThat(read.path("deprecatedCount").asInt()).isEqualTo(3);
      assertThat(read.path("deprecatedSource").path("component").asText()).isEqualTo("kubelet");
      assertThat(read.has("involvedObject")).isFalse();
      var event = newer.next();
      assertThat(event.path("type").asText()).isEqualTo("ADDED");
      assertThat(event.path("object")).isEqualTo(read);
      assertThat(core.nextBrief()).isEqualTo("ADDED a");

      var made =
          server.post(
              NEWER,
              newer(
                  "b",
                  "'series':{'count':2,'lastObservedTime':'" + "2026-01-01T00:00:00.000000Z'},"));
      assertThat(made.code()).as(made.message()).isEqualTo(201);
      assertThat(made.body().path("regarding").path("name").asText()).isEqualTo("p");
      assertThat(newer.nextBrief()).isEqualTo("ADDED b");
      var stored = core.next().path("object");
      assertThat(stored.path("apiVersion").asText()).isEqualTo("v1");
      assertThat(stored.path("message").asText()).isEqualTo("n");
      assertThat(stored.path("reportingComponent").asText()).isEqualTo("example.com/c");
      assertThat(server.delete(CORE + "/b").code()).isEqualTo(200);
      assertThat(newer.nextBrief()).isEqualTo("DELETED b");
    }
    var list = server.get(NEWER + "?fieldSelector=regarding.name=p").body();
    assertThat(list.path("kind").asText()).isEqualTo("EventList");
    assertThat(list.path("apiVersion").asText()).isEqualTo("events.k8s.io/v1");
    assertThat(list.path("items")).hasSize(1);
    assertThat(list.path("items").get(0).has("kind")).isFalse();
    assertThat(list.path("items").get(0).path("note").asText()).isEqualTo("m");
    var table = server.get(NEWER, "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
    assertThat(table.body().path("rows").get(0).path("cells").toString()).contains("pod/p");
  }

  @Test
  void aChangeInOneGroupKeepsWhatTheOtherCallsDifferently() throws Exception {
    assertThat(server.post(NEWER, newer("a", "")).code()).isEqualTo(201);
    var changed = server.patch(NEWER + "/a", "merge", "{'metadata':{'labels':{'x':'y'}}}");
    assertThat(changed.code()).as(changed.message()).isEqualTo(200);
    var core = server.get(CORE + "/a").body();
    assertThat(core.path("metadata").path("labels").path("x").asText()).isEqualTo("y");
    assertThat(core.path("message").asText()).isEqualTo("n");
    assertThat(core.has("note")).isFalse();
    assertThat(server.patch(NEWER + "/a", "merge", "{'note':'other'}").message())
        .contains("message: Invalid value: \"other\": field is immutable");
  }

  @Test
  void theNewerGroupWantsToKnowWhoReportsWhatAndWhy() throws Exception {
    var refused =
        server.post(
            NEWER,
            "{'metadata':{'name':'a'},'regarding':{'namespace':'default'},"
                + "'eventTime':'2026-01-01T00:00:00.000000Z','deprecatedCount':1,'type':'Normal'}");
    assertThat(refused.code()).isEqualTo(422);
    assertThat(refused.message())
        .contains("reportingController: Required value")
        .contains("reportingInstance: Required value")
        .contains("action: Required value")
        .contains("reason: Required value")
        .contains("count: Invalid value: 1: needs to be unset");
  }

  @Test
  void aFieldThatIsUnknownInOneGroupIsNotTakenForTheOthersOfThatName() throws Exception {
    assertThat(server.post(NEWER, newer("a", "'source':'not an object','message':7,")).code())
        .isEqualTo(201);
    var core = server.get(CORE + "/a").body();
    assertThat(core.has("source")).isFalse();
    assertThat(core.path("message").asText()).isEqualTo("n");
    assertThat(
            server
                .post(
                    CORE,
                    "{'metadata':{'name':'b'},'involvedObject':{'namespace':'default'},'note':7}")
                .code())
        .isEqualTo(201);
    assertThat(server.get(NEWER + "/b").body().has("note")).isFalse();
  }

  private static String newer(String name, String more) {
    return "{'metadata':{'name':'"
        + name
        + "'},'regarding':{'kind':'Pod','name':'p','namespace':'default'},'note':'n','reason':'R',"
        + more
        + "'action':'A','type':'Normal','reportingController':'example.com/c',"
        + "'reportingInstance':'c-0','eventTime':'2026-01-01T00:00:00.000000Z'}";
  }
}
