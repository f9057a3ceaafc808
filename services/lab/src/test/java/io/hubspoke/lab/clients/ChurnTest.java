package io.hubspoke.lab.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.testing.Await;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.util.generic.GenericKubernetesApi;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many writes while informers of three makes lose their connections: at the end each of them holds
 * what the store holds, and none was told of anything twice or backwards.
 */
class ChurnTest {
  private static final Resource<ObjectNode> MAPS = Resource.CONFIG_MAPS.tree();
  private static final String NAMESPACE = "default";
  private static final int WRITERS = 4;
  private static final int WRITES = 10_000;

  /** How many writes there are between two cuts, and how many during one. */
  private static final int BETWEEN = 1_200;

  private static final int[] DURING = {50, 400, 3_000, 50, 400};

  private static Hub hub;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    hub = new Hub(dir);
  }

  @AfterAll
  static void stop() throws Exception {
    hub.close();
  }

  /** An informer of any make. */
  private record Follower(
      String name, Wire wire, EventLog log, Callable<Map<String, String>> cache, Runnable stop) {}

  @Test
  void informersHoldWhatTheStoreHoldsAfterTenThousandWritesAndFiveCuts() throws Exception {
    var followers = List.of(own(), fabric8(), official());
    var written = new AtomicInteger();
    var writers = new ArrayList<Thread>();
    var failures = new ArrayList<Throwable>();
    for (int i = 0; i < WRITERS; i++) {
      int number = i;
      writers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      new Writer(hub.own(hub.port()), number, written).run();
                    } catch (Throwable e) {
                      synchronized (failures) {
                        failures.add(e);
                      }
                    }
                  }));
    }
    int next = 0;
    for (int during : DURING) {
      next += BETWEEN;
      untilWritten(written, next);
      cut(followers);
      next += during;
      untilWritten(written, next);
      for (var follower : followers) {
        Await.result(follower.wire().mode(Mode.forward()));
      }
    }
    for (var writer : writers) {
      writer.join();
    }
    assertThat(failures).isEmpty();
    assertThat(written.get()).isGreaterThanOrEqualTo(WRITES);

    var stored = stored();
    for (var follower : followers) {
      Await.until(
          follower.name() + " holds what the store holds", follower.cache(), stored::equals);
      assertThat(follower.log().wrong()).as(follower.name()).isEmpty();
      assertThat(follower.log().count()).as(follower.name()).isGreaterThan(1_000);
    }
    followers.forEach(follower -> follower.stop().run());
  }

  private static void cut(List<Follower> followers) throws Exception {
    for (var follower : followers) {
      Await.result(follower.wire().mode(new Mode.Cut(Mode.Cut.How.RESET)));
    }
  }

  private static void untilWritten(AtomicInteger written, int count) throws Exception {
    Await.until(count + " writes", () -> written.get() >= Math.min(count, WRITES));
  }

  private static Map<String, String> stored() throws Exception {
    var maps = new TreeMap<String, String>();
    Await.result(hub.own(hub.port()).list(MAPS, ListOptions.inNamespace(NAMESPACE)))
        .items()
        .forEach(item -> maps.put(item.key().name(), item.resourceVersion()));
    return maps;
  }

  private static Follower own() throws Exception {
    var wire = hub.wire();
    var log = new EventLog();
    var client = hub.own(wire.address().port());
    var informer =
        new Informer<>(
            client, MAPS, ListOptions.inNamespace(NAMESPACE), hub.vertx.getOrCreateContext());
    informer.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<ObjectNode> item) {
            log.added(item.uid(), item.key().name(), item.resourceVersion());
          }

          @Override
          public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
            log.updated(now.uid(), now.key().name(), now.resourceVersion());
          }

          @Override
          public void deleted(Item<ObjectNode> last) {
            log.deleted(last.uid(), last.key().name());
          }
        });
    Await.result(informer.start());
    return new Follower(
        "our informer",
        wire,
        log,
        () -> {
          var maps = new TreeMap<String, String>();
          informer.items().forEach(i -> maps.put(i.key().name(), i.resourceVersion()));
          return maps;
        },
        () -> informer.stop().onComplete(done -> client.close()));
  }

  private static Follower fabric8() throws Exception {
    var wire = hub.wire();
    var log = new EventLog();
    KubernetesClient client = hub.fabric8(wire.address().port());
    var informer =
        client
            .configMaps()
            .inNamespace(NAMESPACE)
            .inform(
                new ResourceEventHandler<ConfigMap>() {
                  @Override
                  public void onAdd(ConfigMap map) {
                    var meta = map.getMetadata();
                    log.added(meta.getUid(), meta.getName(), meta.getResourceVersion());
                  }

                  @Override
                  public void onUpdate(ConfigMap before, ConfigMap now) {
                    var meta = now.getMetadata();
                    if (before.getMetadata().getUid().equals(meta.getUid())) {
                      log.updated(meta.getUid(), meta.getName(), meta.getResourceVersion());
                    } else {
                      // Deleted and made anew while it was cut off: this library says it in one.
                      log.deleted(before.getMetadata().getUid(), meta.getName());
                      log.added(meta.getUid(), meta.getName(), meta.getResourceVersion());
                    }
                  }

                  @Override
                  public void onDelete(ConfigMap map, boolean unknown) {
                    log.deleted(map.getMetadata().getUid(), map.getMetadata().getName());
                  }
                });
    return new Follower(
        "fabric8's informer",
        wire,
        log,
        () -> {
          var maps = new TreeMap<String, String>();
          informer
              .getStore()
              .list()
              .forEach(
                  m -> maps.put(m.getMetadata().getName(), m.getMetadata().getResourceVersion()));
          return maps;
        },
        () -> {
          informer.close();
          client.close();
        });
  }

  private static Follower official() throws Exception {
    var wire = hub.wire();
    var log = new EventLog();
    var client = hub.official(wire.address().port());
    var factory = new SharedInformerFactory(client);
    var api =
        new GenericKubernetesApi<>(
            V1ConfigMap.class, V1ConfigMapList.class, "", "v1", "configmaps", client);
    var informer = factory.sharedIndexInformerFor(api, V1ConfigMap.class, 0, NAMESPACE);
    informer.addEventHandler(
        new io.kubernetes.client.informer.ResourceEventHandler<>() {
          @Override
          public void onAdd(V1ConfigMap map) {
            var meta = map.getMetadata();
            log.added(meta.getUid(), meta.getName(), meta.getResourceVersion());
          }

          @Override
          public void onUpdate(V1ConfigMap before, V1ConfigMap now) {
            var meta = now.getMetadata();
            if (!before.getMetadata().getUid().equals(meta.getUid())) {
              log.deleted(before.getMetadata().getUid(), meta.getName());
              log.added(meta.getUid(), meta.getName(), meta.getResourceVersion());
            } else if (!before
                .getMetadata()
                .getResourceVersion()
                .equals(meta.getResourceVersion())) {
              // This library tells of all that a new list has, changed or not.
              log.updated(meta.getUid(), meta.getName(), meta.getResourceVersion());
            }
          }

          @Override
          public void onDelete(V1ConfigMap map, boolean unknown) {
            log.deleted(map.getMetadata().getUid(), map.getMetadata().getName());
          }
        });
    factory.startAllRegisteredInformers();
    Await.until("the official informer has listed", informer::hasSynced);
    return new Follower(
        "the official informer",
        wire,
        log,
        () -> {
          var maps = new TreeMap<String, String>();
          informer
              .getIndexer()
              .list()
              .forEach(
                  m -> maps.put(m.getMetadata().getName(), m.getMetadata().getResourceVersion()));
          return maps;
        },
        factory::stopAllRegisteredInformers);
  }

  /** Creates, changes in several ways, and deletes objects of its own. */
  private static final class Writer {
    private static final int OBJECTS = 25;

    private final ApiClient client;
    private final int number;
    private final AtomicInteger written;
    private final Random random;
    private final boolean[] present = new boolean[OBJECTS];

    Writer(ApiClient client, int number, AtomicInteger written) {
      this.client = client;
      this.number = number;
      this.written = written;
      this.random = new Random(number);
    }

    void run() throws Exception {
      for (int i = 0; i < WRITES / WRITERS; i++) {
        write(random.nextInt(OBJECTS), i);
        written.incrementAndGet();
      }
      Await.result(client.close());
    }

    private void write(int object, int turn) throws Exception {
      String name = "churn-" + number + "-" + object;
      if (!present[object]) {
        Await.result(client.create(MAPS, NAMESPACE, map(name, turn)));
        present[object] = true;
        return;
      }
      switch (random.nextInt(10)) {
        case 0 -> {
          Await.result(client.delete(MAPS, NAMESPACE, name, DeleteOptions.DEFAULT));
          present[object] = false;
        }
        case 1, 2 -> update(name, turn);
        case 3, 4, 5 -> patch(name, PatchType.STRATEGIC_MERGE, turn);
        default -> patch(name, PatchType.MERGE, turn);
      }
    }

    private void update(String name, int turn) throws Exception {
      try {
        Await.result(client.update(MAPS, NAMESPACE, name, map(name, turn)));
      } catch (ApiException e) {
        throw new AssertionError(name, e);
      }
    }

    private void patch(String name, PatchType type, int turn) throws Exception {
      var patch = Json.object();
      patch.putObject("data").put("turn", Integer.toString(turn));
      Await.result(client.patch(MAPS, NAMESPACE, name, type, patch));
    }

    private static ObjectNode map(String name, int turn) {
      var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
      Meta.of(map).put("name", name);
      map.putObject("data").put("turn", Integer.toString(turn)).put("filler", "x".repeat(200));
      return map;
    }
  }
}
