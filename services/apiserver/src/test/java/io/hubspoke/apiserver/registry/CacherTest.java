package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.MemoryStore;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class CacherTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  @Test
  void readsTheStoreAnewWhenItsWatchEndsAndMakesWatchersListAgain() throws Exception {
    var store = new BreakableStore(new MemoryStore());
    var server = new RegistryServer(store, lister -> Admission.ALWAYS);
    server.post(MAPS, "{'metadata':{'name':'a'}}");
    server.post(MAPS, "{'metadata':{'name':'b'}}");
    try (var watch = server.watch(MAPS + "?watch=1")) {
      assertThat(watch.nextBrief()).isEqualTo("ADDED a");
      assertThat(watch.nextBrief()).isEqualTo("ADDED b");
      server.delete(MAPS + "/a");
      assertThat(watch.nextBrief()).isEqualTo("DELETED a");
      store.breakWatch();
      assertThat(watch.next().path("object").path("code").asInt()).isEqualTo(410);
      assertThat(watch.next()).isNull();
    }
    server.post(MAPS, "{'metadata':{'name':'c'}}");
    assertThat(server.get(MAPS).body().path("items")).hasSize(2);
    try (var watch = server.watch(MAPS + "?watch=1")) {
      assertThat(watch.nextBrief()).isEqualTo("ADDED b");
      assertThat(watch.nextBrief()).isEqualTo("ADDED c");
    }
    server.close();
  }

  @Test
  void findsWhatTheStoreHeldBeforeItStarted() throws Exception {
    var store = new MemoryStore();
    var before = new RegistryServer(store, lister -> Admission.ALWAYS);
    before.post(MAPS, "{'metadata':{'name':'a'}}");
    Await.result(before.registry.stop());
    var vertx = io.vertx.core.Vertx.vertx();
    var after = new Registry(vertx, store, lister -> Admission.ALWAYS, Map.of());
    Await.result(after.start());
    assertThat(after.lister().list(ResourceTable.CONFIG_MAPS.type(), "")).hasSize(1);
    Await.result(after.stop());
    Await.result(vertx.close());
    before.close();
  }

  /** A store whose watches can be ended as if they had fallen behind. */
  private record BreakableStore(Store store, AtomicReference<Runnable> end) implements Store {
    BreakableStore(Store store) {
      this(store, new AtomicReference<>());
    }

    void breakWatch() {
      end.get().run();
    }

    @Override
    public Watch watch(String prefix, long afterRevision, Listener listener) {
      Watch watch = store.watch(prefix, afterRevision, listener);
      end.set(
          () -> {
            watch.close();
            listener.ended(new CompactedException(1, 2));
          });
      return watch;
    }

    @Override
    public Future<Long> currentRevision() {
      return store.currentRevision();
    }

    @Override
    public Future<Entry> get(String key) {
      return store.get(key);
    }

    @Override
    public Future<Page> list(String prefix, String startAfter, int limit, long revision) {
      return store.list(prefix, startAfter, limit, revision);
    }

    @Override
    public Future<Entry> create(String key, Buffer value) {
      return store.create(key, value);
    }

    @Override
    public Future<Entry> update(String key, Buffer value, long expectedRevision) {
      return store.update(key, value, expectedRevision);
    }

    @Override
    public Future<Entry> delete(String key, long expectedRevision) {
      return store.delete(key, expectedRevision);
    }

    @Override
    public Future<Void> compact(long revision) {
      return store.compact(revision);
    }

    @Override
    public Snapshot newestKnown() {
      return store.newestKnown();
    }

    @Override
    public Future<Void> close() {
      return store.close();
    }
  }
}
