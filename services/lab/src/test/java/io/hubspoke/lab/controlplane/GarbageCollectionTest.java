package io.hubspoke.lab.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.DeleteOptions.Propagation;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GarbageCollectionTest {
  private static final Resource<ObjectNode> MAPS = Resource.CONFIG_MAPS.tree();
  private static final Resource<ObjectNode> SECRETS = Resource.SECRETS.tree();
  private static ControlPlane plane;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    plane = new ControlPlane(dir, Duration.ofSeconds(30));
  }

  @AfterAll
  static void stop() throws Exception {
    plane.close();
  }

  @Test
  void deletesDependentsAfterTheirOwner() throws Exception {
    ObjectNode owner = map("background");
    ObjectNode child = secret("background-child", owner);
    map("background-grandchild", child);
    delete("background", Propagation.BACKGROUND);
    assertThat(exists(MAPS, "background")).isFalse();
    Await.until("the child is gone", () -> !exists(SECRETS, "background-child"));
    Await.until("the grandchild is gone", () -> !exists(MAPS, "background-grandchild"));
  }

  @Test
  void deletesWhatNamesAnOwnerThatNeverWas() throws Exception {
    ObjectNode nobody = map("nobody");
    Meta.of(nobody).put("uid", "11111111-2222-3333-4444-555555555555");
    map("nobodys", nobody);
    Await.until("it is gone", () -> !exists(MAPS, "nobodys"));
    assertThat(exists(MAPS, "nobody")).isTrue();
  }

  @Test
  void keepsWhatHasAnotherOwnerAndForgetsTheOneThatIsGone() throws Exception {
    ObjectNode gone = map("gone-owner");
    ObjectNode stays = map("staying-owner");
    secret("of-both", gone, stays);
    delete("gone-owner", Propagation.BACKGROUND);
    Await.until(
        "one owner is left", () -> owners(get(SECRETS, "of-both")).equals(List.of(uid(stays))));
  }

  @Test
  void deletesDependentsBeforeTheirOwnerInTheForeground() throws Exception {
    ObjectNode owner = map("foreground");
    ObjectNode child = secret("foreground-child", owner);
    // Held, so that the order can be seen.
    change(SECRETS, "foreground-child", "{\"metadata\":{\"finalizers\":[\"test.io/hold\"]}}");
    map("foreground-grandchild", child);
    delete("foreground", Propagation.FOREGROUND);
    Await.until("the grandchild is gone", () -> !exists(MAPS, "foreground-grandchild"));
    Await.until("the child goes", () -> Meta.deleting(get(SECRETS, "foreground-child")));
    assertThat(finalizers(get(MAPS, "foreground"))).contains("foregroundDeletion");
    change(SECRETS, "foreground-child", "{\"metadata\":{\"finalizers\":null}}");
    Await.until("the owner is gone", () -> !exists(MAPS, "foreground"));
    assertThat(exists(SECRETS, "foreground-child")).isFalse();
  }

  @Test
  void letsDependentsForgetAnOwnerThatOrphansThem() throws Exception {
    ObjectNode owner = map("orphaning");
    secret("orphan", owner);
    delete("orphaning", Propagation.ORPHAN);
    Await.until("the owner is gone", () -> !exists(MAPS, "orphaning"));
    assertThat(owners(get(SECRETS, "orphan"))).isEmpty();
  }

  /** As an administrator says of a machine that he knows to be off. */
  @Test
  void deletesPodsThatGoOnANodeOutOfServiceAndLeavesThoseThatAKubeletMayStillEnd()
      throws Exception {
    for (var node : List.of("off", "silent", "alive")) {
      plane.node(node);
      podOn(node);
    }
    for (var node : List.of("off", "silent")) {
      Await.result(
          plane.admin.patchStatus(
              ControlPlane.NODES,
              "",
              node,
              PatchType.STRATEGIC_MERGE,
              ControlPlane.json(
                  "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}}")));
    }
    Await.result(plane.admin.delete(Resource.PODS, "default", "on-silent", DeleteOptions.DEFAULT));
    outOfService("alive");
    Await.until("it is evicted", () -> Meta.deleting(get(ControlPlane.PODS, "on-alive")));

    outOfService("off");
    Await.until("it is gone", () -> !exists(ControlPlane.PODS, "on-off"));
    assertThat(Meta.deleting(get(ControlPlane.PODS, "on-alive"))).isTrue();
    assertThat(Meta.deleting(get(ControlPlane.PODS, "on-silent"))).isTrue();
  }

  private static void outOfService(String node) throws Exception {
    Await.result(
        plane.admin.patch(
            ControlPlane.NODES,
            "",
            node,
            PatchType.STRATEGIC_MERGE,
            ControlPlane.json(
                "{\"spec\":{\"taints\":[{\"key\":\"node.kubernetes.io/out-of-service\","
                    + "\"value\":\"nodeshutdown\",\"effect\":\"NoExecute\"}]}}")));
  }

  private static void podOn(String node) throws Exception {
    Await.result(
        plane.admin.create(
            ControlPlane.PODS,
            "default",
            ControlPlane.json(
                """
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "on-%1$s"},
                 "spec": {"nodeName": "%1$s", "terminationGracePeriodSeconds": 300,
                   "containers": [{"name": "main", "image": "hubspoke/pause"}]}}
                """
                    .formatted(node))));
  }

  @Test
  void ownersThatOwnEachOtherDoNotWaitForEver() throws Exception {
    ObjectNode one = map("circle-one");
    ObjectNode two = map("circle-two", one);
    Meta.of(one).set("ownerReferences", Json.object().arrayNode().add(reference(two)));
    change(
        MAPS,
        "circle-one",
        Json.object()
            .set(
                "metadata",
                Json.object().set("ownerReferences", Meta.of(one).get("ownerReferences")))
            .toString());
    delete("circle-one", Propagation.FOREGROUND);
    Await.until("both are gone", () -> !exists(MAPS, "circle-one") && !exists(MAPS, "circle-two"));
  }

  @Test
  void ownsNothingInAnotherNamespaceAndSaysSo() throws Exception {
    ObjectNode owner = map("elsewhere");
    ObjectNode foreign = object("ConfigMap", "foreign", owner);
    Await.result(plane.admin.create(MAPS, "kube-public", foreign));
    Await.until(
        "it is gone",
        () -> {
          try {
            return Await.result(plane.admin.get(MAPS, "kube-public", "foreign")) == null;
          } catch (ApiException e) {
            return e.code() == 404;
          }
        });
    Await.until(
        "an event says why",
        () ->
            Await.result(
                    plane.admin.list(
                        Resource.EVENTS.tree(), ListOptions.inNamespace("kube-public")))
                .objects()
                .stream()
                .anyMatch(
                    event ->
                        event.path("reason").asText().equals("OwnerRefInvalidNamespace")
                            && event
                                .path("message")
                                .asText()
                                .endsWith("does not exist in namespace \"kube-public\"")));
    assertThat(exists(MAPS, "elsewhere")).isTrue();
  }

  @Test
  void followsManyDependents() throws Exception {
    ObjectNode owner = map("many");
    for (int i = 0; i < 200; i++) {
      secret("many-" + i, owner);
    }
    delete("many", Propagation.FOREGROUND);
    Await.until("all are gone", () -> !exists(MAPS, "many"));
    assertThat(
            Await.result(plane.admin.list(SECRETS, ListOptions.inNamespace("default"))).objects())
        .noneMatch(secret -> Meta.name(secret).startsWith("many-"));
  }

  private static ObjectNode map(String name, ObjectNode... owners) throws Exception {
    return Await.result(plane.admin.create(MAPS, "default", object("ConfigMap", name, owners)));
  }

  private static ObjectNode secret(String name, ObjectNode... owners) throws Exception {
    return Await.result(plane.admin.create(SECRETS, "default", object("Secret", name, owners)));
  }

  private static ObjectNode object(String kind, String name, ObjectNode... owners) {
    ObjectNode object = Json.object().put("apiVersion", "v1").put("kind", kind);
    ObjectNode metadata = object.putObject("metadata").put("name", name);
    for (ObjectNode owner : owners) {
      metadata.withArray("ownerReferences").add(reference(owner));
    }
    return object;
  }

  private static ObjectNode reference(ObjectNode owner) {
    return Json.object()
        .put("apiVersion", "v1")
        .put("kind", owner.path("kind").asText())
        .put("name", Meta.name(owner))
        .put("uid", Meta.uid(owner))
        .put("blockOwnerDeletion", true);
  }

  private static void delete(String map, Propagation propagation) throws Exception {
    Await.result(
        plane.admin.delete(MAPS, "default", map, new DeleteOptions(-1, "", "", propagation)));
  }

  private static void change(Resource<ObjectNode> resource, String name, String patch)
      throws Exception {
    Await.result(
        plane.admin.patch(resource, "default", name, PatchType.MERGE, ControlPlane.json(patch)));
  }

  private static ObjectNode get(Resource<ObjectNode> resource, String name) throws Exception {
    return Await.result(plane.admin.get(resource, "default", name));
  }

  private static boolean exists(Resource<ObjectNode> resource, String name) throws Exception {
    try {
      return !get(resource, name).isEmpty();
    } catch (ApiException e) {
      assertThat(e.code()).isEqualTo(404);
      return false;
    }
  }

  private static String uid(ObjectNode object) {
    return Meta.uid(object);
  }

  private static List<String> owners(ObjectNode object) {
    List<String> uids = new ArrayList<>();
    object.path("metadata").path("ownerReferences").forEach(o -> uids.add(o.path("uid").asText()));
    return uids;
  }

  private static List<String> finalizers(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.path("metadata").path("finalizers").forEach(f -> names.add(f.asText()));
    return names;
  }
}
