package io.hubspoke.apiserver.store;

import static io.hubspoke.apiserver.store.Recorder.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.apiserver.store.hazelcast.Members;
import io.vertx.core.buffer.Buffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageClusterTest {
  private static final String KEY = "/registry/core/pods/default/a";

  @TempDir private Path dir;

  @Test
  void beginsWithTheNewestSnapshotOfItsMembersAndKeepsTheOther() throws Exception {
    snapshot("one", 500, "older");
    snapshot("two", 800, "newer");
    List<ClusterOptions> members = Members.options(2, List.of());
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var one = executor.submit(() -> open(members.get(0), "one"));
      var two = executor.submit(() -> open(members.get(1), "two"));
      for (Storage storage : List.of(one.get(), two.get())) {
        assertThat(await(storage.store().get(KEY)).value()).hasToString("newer");
        assertThat(await(storage.store().currentRevision())).isGreaterThan(800);
      }
      Entry last = await(one.get().store().create(KEY + "2", Buffer.buffer("last")));
      await(two.get().store().currentRevision());
      await(one.get().close());
      await(two.get().close());
      // Each has its own file of the end, and what was not begun with is kept.
      for (String name : List.of("one", "two")) {
        assertThat(SnapshotFile.read(dir.resolve(name)).entries().get(KEY + "2")).isEqualTo(last);
      }
      assertThat(SnapshotFile.read(dir.resolve("one.500")).entries().get(KEY).value())
          .hasToString("older");
    }
  }

  private void snapshot(String name, long revision, String value) throws Exception {
    SnapshotFile.write(
        dir.resolve(name),
        new Snapshot(
            revision,
            PersistentMap.ofSorted(
                List.of(KEY), List.of(new Entry(KEY, Buffer.buffer(value), revision)))));
  }

  private Storage open(ClusterOptions member, String file) throws Exception {
    return Storage.open(
        new StorageOptions(member, dir.resolve(file), Duration.ofMinutes(1)),
        InstantSource.system(),
        () -> {});
  }
}
