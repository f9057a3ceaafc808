package io.hubspoke.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.hubspoke.testing.Await;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.util.PatchUtils;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What client libraries that nobody here wrote do with an apiserver. */
class ForeignClientsTest {
  private static final String NAMESPACE = "default";

  private static Hub hub;
  private static KubernetesClient fabric8;
  private static io.kubernetes.client.openapi.ApiClient official;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    hub = new Hub(dir);
    fabric8 = hub.fabric8(hub.port());
    official = hub.official(hub.port());
  }

  @AfterAll
  static void stop() throws Exception {
    fabric8.close();
    hub.close();
  }

  @Test
  void fabric8PatchesInEveryForm() {
    var maps = fabric8.configMaps().inNamespace(NAMESPACE);
    maps.resource(map("fabric8-patch")).create();
    var one = maps.withName("fabric8-patch");
    one.patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"merge\":\"1\"}}");
    one.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"strategic\":\"2\"}}");
    one.patch(
        PatchContext.of(PatchType.JSON),
        "[{\"op\":\"add\",\"path\":\"/data/json\",\"value\":\"3\"}]");
    one.edit(map -> new ConfigMapBuilder(map).addToData("edit", "4").build());
    assertThat(one.get().getData())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("merge", "1", "strategic", "2", "json", "3", "edit", "4"));
    assertThatThrownBy(
            () ->
                one.patch(
                    PatchContext.of(PatchType.JSON),
                    "[{\"op\":\"test\",\"path\":\"/data/json\",\"value\":\"x\"}]"))
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(422));
  }

  @Test
  void theOfficialClientPatchesInEveryForm() throws Exception {
    var api = new CoreV1Api(official);
    var made = new V1ConfigMap().metadata(new V1ObjectMeta().name("official-patch"));
    api.createNamespacedConfigMap(NAMESPACE, made).execute();
    patch(api, V1Patch.PATCH_FORMAT_JSON_MERGE_PATCH, "{\"data\":{\"merge\":\"1\"}}");
    patch(api, V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH, "{\"data\":{\"strategic\":\"2\"}}");
    patch(
        api,
        V1Patch.PATCH_FORMAT_JSON_PATCH,
        "[{\"op\":\"add\",\"path\":\"/data/json\",\"value\":\"3\"}]");
    var now = api.readNamespacedConfigMap("official-patch", NAMESPACE).execute();
    assertThat(now.getData()).isEqualTo(Map.of("merge", "1", "strategic", "2", "json", "3"));
    // Server-side apply is a later step, and says so.
    assertThatThrownBy(
            () ->
                PatchUtils.patch(
                    V1ConfigMap.class,
                    () ->
                        api.patchNamespacedConfigMap("official-patch", NAMESPACE, new V1Patch("{}"))
                            .fieldManager("test")
                            .buildCall(null),
                    V1Patch.PATCH_FORMAT_APPLY_YAML,
                    official))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.getCode()).isEqualTo(415));
  }

  private static void patch(CoreV1Api api, String format, String body) throws ApiException {
    PatchUtils.patch(
        V1ConfigMap.class,
        () ->
            api.patchNamespacedConfigMap("official-patch", NAMESPACE, new V1Patch(body))
                .buildCall(null),
        format,
        official);
  }

  @Test
  void fabric8WatchesWithItsDefaultsAndByHttpAlone() throws Exception {
    for (boolean http : List.of(false, true)) {
      try (var client = hub.fabric8(hub.port())) {
        client.getConfiguration().setOnlyHttpWatches(http);
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        var maps = client.configMaps().inNamespace(NAMESPACE).withLabel("watched", "" + http);
        var watch = maps.watch(watcher(seen));
        var map = map("watched-" + http);
        map.getMetadata().setLabels(Map.of("watched", "" + http));
        client.configMaps().inNamespace(NAMESPACE).resource(map).create();
        client
            .configMaps()
            .inNamespace(NAMESPACE)
            .withName("watched-" + http)
            .withPropagationPolicy(DeletionPropagation.BACKGROUND)
            .delete();
        Await.until(
            "both events",
            () ->
                List.copyOf(seen)
                    .equals(List.of("ADDED watched-" + http, "DELETED watched-" + http)));
        watch.close();
      }
    }
  }

  private static Watcher<ConfigMap> watcher(Queue<String> seen) {
    return new Watcher<>() {
      @Override
      public void eventReceived(Action action, ConfigMap map) {
        seen.add(action + " " + map.getMetadata().getName());
      }

      @Override
      public void onClose(WatcherException cause) {
        seen.add("closed: " + cause.getMessage());
      }
    };
  }

  @Test
  void fabric8TriesAndDeletesWithItsOptions() {
    var pods = fabric8.pods().inNamespace(NAMESPACE);
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("fabric8-pod")
            .endMetadata()
            .withNewSpec()
            .withNodeName("n1")
            .addNewContainer()
            .withName("c")
            .withImage("i")
            .endContainer()
            .endSpec()
            .build();
    assertThat(pods.resource(pod).dryRun().create().getMetadata().getUid()).isNotEmpty();
    assertThat(pods.withName("fabric8-pod").get()).isNull();
    pods.resource(pod).create();
    pods.withName("fabric8-pod").withGracePeriod(7).delete();
    assertThat(pods.withName("fabric8-pod").get().getMetadata().getDeletionGracePeriodSeconds())
        .isEqualTo(7);
    pods.withName("fabric8-pod").withGracePeriod(0).delete();
    assertThat(pods.withName("fabric8-pod").get()).isNull();
  }

  @Test
  void candidatesOfFabric8FollowEachOther() throws Exception {
    var first = candidate("one");
    Await.until("the first leads", () -> first.led.contains("one"));
    var second = candidate("two");
    Await.until("the second knows", () -> second.led.contains("new leader one"));
    first.future.cancel(true);
    Await.until("the second leads", () -> second.led.contains("two"));
    assertThat(first.led).contains("one stopped");
    second.future.cancel(true);
  }

  private record Candidate(Queue<String> led, java.util.concurrent.CompletableFuture<?> future) {}

  private static Candidate candidate(String name) {
    Queue<String> led = new ConcurrentLinkedQueue<>();
    var future =
        fabric8
            .leaderElector()
            .withConfig(
                new LeaderElectionConfigBuilder()
                    .withName("fabric8-election")
                    .withLock(
                        new io.fabric8.kubernetes.client.extended.leaderelection.resourcelock
                            .LeaseLock(NAMESPACE, "fabric8-election", name))
                    .withLeaseDuration(Duration.ofSeconds(8))
                    .withRenewDeadline(Duration.ofSeconds(6))
                    .withRetryPeriod(Duration.ofMillis(200))
                    .withReleaseOnCancel()
                    .withLeaderCallbacks(
                        new LeaderCallbacks(
                            () -> led.add(name),
                            () -> led.add(name + " stopped"),
                            leader -> led.add("new leader " + leader)))
                    .build())
            .build()
            .start();
    return new Candidate(led, future);
  }

  @Test
  void candidatesOfTheOfficialClientFollowEachOther() throws Exception {
    Queue<String> led = new ConcurrentLinkedQueue<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = elector("one");
      var one = threads.submit(() -> first.run(() -> led.add("one"), () -> led.add("one stopped")));
      Await.until("the first leads", () -> led.contains("one"));
      var second = elector("two");
      var two = threads.submit(() -> second.run(() -> led.add("two"), () -> {}));
      first.close();
      one.cancel(true);
      Await.until("the second leads", () -> led.contains("two"));
      second.close();
      two.cancel(true);
    }
  }

  private static LeaderElector elector(String name) {
    return new LeaderElector(
        new LeaderElectionConfig(
            new LeaseLock(NAMESPACE, "official-election", name, official),
            Duration.ofSeconds(8),
            Duration.ofSeconds(6),
            Duration.ofMillis(200)));
  }

  private static ConfigMap map(String name) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .addToData(Map.of())
        .build();
  }
}
