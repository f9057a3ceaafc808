package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.registry.RegistryServer.Answer;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String WATCH = MAPS + "?watch=true";

  @Test
  void tellsWhatExistsAndThenWhatChanges() throws Exception {
    create("a", "");
    try (var watch = server.watch(WATCH)) {
      assertThat(watch.nextBrief()).isEqualTo("ADDED a");
      create("b", "");
      assertThat(watch.nextBrief()).isEqualTo("ADDED b");
      ObjectNode changed = server.patch(MAPS + "/a", "merge", "{'data':{'k':'v'}}").body();
      ObjectNode event = watch.next();
      assertThat(event.path("type").asText()).isEqualTo("MODIFIED");
      assertThat(event.path("object")).isEqualTo(changed);
      server.delete(MAPS + "/a");
      ObjectNode deleted = watch.next();
      assertThat(deleted.path("type").asText()).isEqualTo("DELETED");
      assertThat(deleted.path("object").path("data").path("k").asText()).isEqualTo("v");
      assertThat(Long.parseLong(Meta.resourceVersion(deleted.path("object"))))
          .isGreaterThan(Long.parseLong(Meta.resourceVersion(changed)));
    }
  }

  @Test
  void resumesAfterAResourceVersion() throws Exception {
    String seen = Meta.resourceVersion(create("a", ""));
    create("b", "");
    server.delete(MAPS + "/a");
    try (var watch = server.watch(WATCH + "&resourceVersion=" + seen)) {
      create("c", "");
      assertThat(watch.nextBrief()).isEqualTo("ADDED b");
      assertThat(watch.nextBrief()).isEqualTo("DELETED a");
      assertThat(watch.nextBrief()).isEqualTo("ADDED c");
    }
  }

  @Test
  void tellsOnlyOfItsNamespace() throws Exception {
    server.namespace("other");
    try (var watch = server.watch(WATCH);
        var all = server.watch("/api/v1/configmaps?watch=1")) {
      server.post("/api/v1/namespaces/other/configmaps", "{'metadata':{'name':'x'}}");
      create("a", "");
      assertThat(watch.nextBrief()).isEqualTo("ADDED a");
      assertThat(all.nextBrief()).isEqualTo("ADDED x");
      assertThat(all.nextBrief()).isEqualTo("ADDED a");
    }
  }

  @Test
  void showsAnObjectThatEntersTheSelectionAsAddedAndOneThatLeavesAsDeleted() throws Exception {
    create("a", "");
    try (var watch = server.watch(WATCH + "&labelSelector=app%3Dweb")) {
      label("a", "'web'");
      ObjectNode added = watch.next();
      assertThat(added.path("type").asText()).isEqualTo("ADDED");
      server.patch(MAPS + "/a", "merge", "{'data':{'k':'v'}}");
      assertThat(watch.nextBrief()).isEqualTo("MODIFIED a");
      ObjectNode left = label("a", "'db'");
      ObjectNode deleted = watch.next();
      assertThat(deleted.path("type").asText()).isEqualTo("DELETED");
      // What it was while it was selected, at the revision that took it away.
      assertThat(Meta.labels(deleted.path("object"))).containsEntry("app", "web");
      assertThat(Meta.resourceVersion(deleted.path("object")))
          .isEqualTo(Meta.resourceVersion(left));
      server.delete(MAPS + "/a");
      create("b", "'app':'web'");
      assertThat(watch.nextBrief()).isEqualTo("ADDED b");
    }
  }

  @Test
  void watchesPodsOfANodeByFieldSelector() throws Exception {
    String pods = "/api/v1/namespaces/default/pods";
    for (String pod : List.of("p1", "p2")) {
      server.post(
          pods,
          "{'metadata':{'name':'" + pod + "'},'spec':{'containers':[{'name':'c','image':'i'}]}}");
    }
    try (var watch = server.watch("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn1")) {
      server.post(pods + "/p1/binding", "{'target':{'kind':'Node','name':'n2'}}");
      server.post(pods + "/p2/binding", "{'target':{'kind':'Node','name':'n1'}}");
      assertThat(watch.nextBrief()).isEqualTo("ADDED p2");
      try (var other = server.watch("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn2")) {
        assertThat(other.nextBrief()).isEqualTo("ADDED p1");
        server.delete(pods + "/p1");
        server.delete(pods + "/p2");
        // They have time to end.
        assertThat(other.nextBrief()).isEqualTo("MODIFIED p1");
      }
      assertThat(watch.nextBrief()).isEqualTo("MODIFIED p2");
    }
  }

  @Test
  void whoWatchesUnboundPodsSeesThemGoWhenTheyAreBound() throws Exception {
    String pods = "/api/v1/namespaces/default/pods";
    try (var watch = server.watch("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3D")) {
      server.post(
          pods, "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}");
      assertThat(watch.nextBrief()).isEqualTo("ADDED p");
      server.post(pods + "/p/binding", "{'target':{'kind':'Node','name':'n1'}}");
      assertThat(watch.nextBrief()).isEqualTo("DELETED p");
    }
  }

  @Test
  void endsWhenItsTimeIsUpAfterABookmark() throws Exception {
    String seen = Meta.resourceVersion(create("a", ""));
    server.namespace("later");
    try (var watch =
        server.watch(
            WATCH + "&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=" + seen)) {
      ObjectNode bookmark = watch.next();
      assertThat(bookmark.path("type").asText()).isEqualTo("BOOKMARK");
      assertThat(bookmark.path("object").path("kind").asText()).isEqualTo("ConfigMap");
      assertThat(Long.parseLong(Meta.resourceVersion(bookmark.path("object"))))
          .isGreaterThan(Long.parseLong(seen));
      assertThat(watch.next()).isNull();
    }
    Await.until("the watcher is gone", () -> watchers() == 0);
  }

  @Test
  void streamsAListWhenInitialEventsAreAskedFor() throws Exception {
    create("a", "");
    create("b", "");
    try (var watch =
        server.watch(
            WATCH
                + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                + "&allowWatchBookmarks=true&resourceVersion=1")) {
      assertThat(watch.nextBrief()).isEqualTo("ADDED a");
      assertThat(watch.nextBrief()).isEqualTo("ADDED b");
      ObjectNode end = watch.next();
      assertThat(end.path("type").asText()).isEqualTo("BOOKMARK");
      assertThat(Meta.annotations(end.path("object")))
          .containsEntry("k8s.io/initial-events-end", "true");
      create("c", "");
      assertThat(watch.nextBrief()).isEqualTo("ADDED c");
    }
    Answer refused = server.get(WATCH + "&sendInitialEvents=true");
    assertThat(refused.code()).isEqualTo(422);
  }

  @Test
  void endsWithAnErrorEventWhenTheRevisionIsTooOld() throws Exception {
    create("a", "");
    try (var watch = server.watch(WATCH + "&resourceVersion=1")) {
      // Nothing is forgotten yet: what happened since is told.
      assertThat(watch.nextBrief()).isEqualTo("ADDED a");
    }
    // Of what came just now 64 MB are kept.
    changeOften(350, "x".repeat(200_000));
    try (var watch = server.watch(WATCH + "&resourceVersion=2")) {
      assertThat(watch.code()).isEqualTo(200);
      ObjectNode event = watch.next();
      assertThat(event.path("type").asText()).isEqualTo("ERROR");
      assertThat(event.path("object").path("code").asInt()).isEqualTo(410);
      assertThat(event.path("object").path("reason").asText()).isEqualTo("Expired");
      assertThat(watch.next()).isNull();
    }
  }

  @Test
  void resumesWhoWasCutOffInAFlood() throws Exception {
    create("a", "");
    changeOften(2_200, "");
    try (var watch = server.watch(WATCH + "&resourceVersion=1")) {
      assertThat(watch.nextBrief()).isEqualTo("ADDED a");
      assertThat(watch.nextBrief()).isEqualTo("MODIFIED a");
    }
  }

  private void changeOften(int times, String data) throws Exception {
    Future<StoredObject> last = Future.succeededFuture();
    for (int i = 0; i < times; i++) {
      String n = i + data;
      last =
          server.registry.change(
              Target.of(ResourceTable.CONFIG_MAPS, "default", "a"),
              object -> {
                object.withObject("data").put("n", n);
                return object;
              },
              new WriteOptions(RegistryServer.ADMIN, false));
    }
    Await.result(last);
  }

  @Test
  void sendsWhoComesFromAnotherStoreToListAnew() throws Exception {
    create("a", "");
    try (var watch = server.watch(WATCH + "&resourceVersion=1000000")) {
      ObjectNode event = watch.next();
      assertThat(event.path("type").asText()).isEqualTo("ERROR");
      assertThat(event.path("object").path("code").asInt()).isEqualTo(410);
      assertThat(watch.next()).isNull();
    }
  }

  @Test
  void refusesOptionsThatMeanNothing() throws Exception {
    assertThat(server.get(WATCH + "&resourceVersion=x").code()).isEqualTo(400);
    assertThat(server.get(WATCH + "&timeoutSeconds=x").code()).isEqualTo(400);
    assertThat(server.get(WATCH + "&labelSelector=(").code()).isEqualTo(400);
    assertThat(watchers()).isZero();
  }

  @Test
  void forgetsAClientThatGoesAway() throws Exception {
    var watch = server.watch(WATCH);
    Await.until("the watcher is there", () -> watchers() == 1);
    watch.close();
    Await.until("the watcher is gone", () -> watchers() == 0);
    create("a", "");
  }

  @Test
  void cutsOffAClientThatStopsReadingAndServesTheOthers() throws Exception {
    try (var stuck = new Socket(InetAddress.getLoopbackAddress(), server.port());
        var reading = server.watch(WATCH)) {
      stuck.setReceiveBufferSize(4_096);
      OutputStream out = stuck.getOutputStream();
      out.write(
          ("GET " + WATCH + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      out.flush();
      Await.until("both watch", () -> watchers() == 2);
      String ours = "127.0.0.1:" + stuck.getLocalPort();
      assertThat(server.connections).contains(ours);
      String filler = "x".repeat(100_000);
      // More than the queue and the sockets between hold.
      for (int i = 0; i < 300; i++) {
        String name = "m" + i;
        server.post(MAPS, "{'metadata':{'name':'" + name + "'},'data':{'k':'" + filler + "'}}");
        assertThat(reading.nextBrief()).isEqualTo("ADDED " + name);
        server.delete(MAPS + "/" + name);
        assertThat(reading.nextBrief()).isEqualTo("DELETED " + name);
      }
      Await.until("the stuck one is gone", () -> watchers() == 1);
      // Counted by who holds it, for the JDK's client closes idle ones of its own accord.
      Await.until("so is its connection", () -> !server.connections.contains(ours));
    }
    Await.until("all are gone", () -> watchers() == 0);
  }

  @Test
  void showsTablesWhoseColumnsComeOnce() throws Exception {
    create("a", "");
    create("b", "");
    String table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    try (var watch = server.watch(WATCH, "Accept", table)) {
      ObjectNode first = watch.next();
      assertThat(first.path("object").path("kind").asText()).isEqualTo("Table");
      assertThat(first.path("object").path("columnDefinitions")).isNotEmpty();
      ObjectNode second = watch.next();
      assertThat(second.path("object").path("columnDefinitions")).isEmpty();
      assertThat(second.path("object").path("rows").get(0).path("cells").get(0).asText())
          .isEqualTo("b");
    }
  }

  private int watchers() {
    return server.registry.watcherCount(ResourceTable.CONFIG_MAPS);
  }

  private ObjectNode label(String name, String value) throws Exception {
    return server
        .patch(MAPS + "/" + name, "merge", "{'metadata':{'labels':{'app':" + value + "}}}")
        .body();
  }

  private ObjectNode create(String name, String labels) throws Exception {
    Answer made =
        server.post(MAPS, "{'metadata':{'name':'" + name + "','labels':{" + labels + "}}}");
    assertThat(made.code()).isEqualTo(201);
    return made.body();
  }
}
