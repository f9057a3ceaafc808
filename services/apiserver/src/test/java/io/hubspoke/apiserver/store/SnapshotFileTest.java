package io.hubspoke.apiserver.store;

import static io.hubspoke.apiserver.store.Recorder.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFileTest {
  private static final String KEY = "/registry/core/secrets/default/ü";

  @TempDir private Path dir;

  @Test
  void readsBackWhatWasWritten() throws IOException {
    Path file = dir.resolve("snapshot");
    Entry entry = new Entry(KEY, Buffer.buffer(new byte[] {0, -1, 7}), 41);
    SnapshotFile.write(
        file, new Snapshot(42, PersistentMap.ofSorted(List.of(KEY), List.of(entry))));
    Snapshot read = SnapshotFile.read(file);
    assertThat(read.revision()).isEqualTo(42);
    assertThat(read.entries().values()).containsExactly(entry);
  }

  @Test
  void isForItsOwnerAlone() throws IOException {
    Path file = dir.resolve("snapshot");
    SnapshotFile.write(file, new Snapshot(42, PersistentMap.empty()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    try (var files = Files.list(dir)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void refusesWhatIsDamagedOrNoSnapshot() throws IOException {
    Path file = dir.resolve("snapshot");
    Entry entry = new Entry(KEY, Buffer.buffer("secret"), 41);
    SnapshotFile.write(
        file, new Snapshot(42, PersistentMap.ofSorted(List.of(KEY), List.of(entry))));
    byte[] good = Files.readAllBytes(file);
    for (int at : new int[] {20, 40, good.length - 40, good.length - 1}) {
      byte[] bad = good.clone();
      bad[at] ^= 1;
      Files.write(file, bad);
      assertThatThrownBy(() -> open(file))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("--snapshot-file: " + file + " is damaged");
    }
    Files.write(file, Arrays.copyOf(good, good.length - 1));
    assertThatThrownBy(() -> open(file)).hasMessageContaining("damaged");
    Files.writeString(file, "something else");
    assertThatThrownBy(() -> open(file)).hasMessageContaining("no snapshot");
  }

  @Test
  void beginsAgainWithWhatWasThereAtTheEndAndGoesOnWithLaterRevisions() throws Exception {
    Path file = dir.resolve("snapshot");
    Storage first = open(file);
    Entry made = await(first.store().create(KEY, Buffer.buffer("1")));
    await(first.close());
    Storage second = open(file);
    assertThat(await(second.store().get(KEY))).isEqualTo(made);
    assertThat(await(second.store().currentRevision())).isGreaterThan(made.revision());
    Entry changed = await(second.store().update(KEY, Buffer.buffer("2"), made.revision()));
    assertThat(changed.revision()).isGreaterThan(made.revision() + 1);
    await(second.close());
  }

  @Test
  void isWrittenNowAndThen() throws Exception {
    Path file = dir.resolve("snapshot");
    Storage storage = open(file);
    Entry made = await(storage.store().create(KEY, Buffer.buffer("1")));
    Snapshot written =
        Await.until(
            "a snapshot with the entry",
            () -> SnapshotFile.read(file),
            snapshot -> snapshot != null && snapshot.revision() == made.revision());
    assertThat(written.entries().get(KEY)).isEqualTo(made);
    await(storage.close());
  }

  private static Storage open(Path file) throws Exception {
    return Storage.open(
        new StorageOptions(null, file, Duration.ofMillis(100)), InstantSource.system(), () -> {});
  }
}
