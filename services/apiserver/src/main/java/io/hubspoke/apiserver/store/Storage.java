package io.hubspoke.apiserver.store;

import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.hazelcast.HazelcastStore;
import io.hubspoke.runtime.Flag;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.Security;
import java.time.InstantSource;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the store that is asked for, and writes its snapshots until it is closed. */
public final class Storage {
  private static final Logger LOG = LoggerFactory.getLogger(Storage.class);

  private final StorageOptions options;
  private final Store store;
  private final Thread writer;
  private long written = -1;

  private Storage(StorageOptions options, Store store) {
    this.options = options;
    this.store = store;
    this.writer = Thread.ofVirtual().name("store snapshots").unstarted(this::run);
  }

  /**
   * Opens a store, which has what the snapshot file holds if it had nothing. Blocks.
   *
   * @param lost called when the store can't go on and this process has to start anew
   * @throws IOException when the snapshot can't be read, or the store can't be opened
   */
  public static Storage open(StorageOptions options, InstantSource clock, Runnable lost)
      throws IOException, InterruptedException {
    Path file = options.snapshotFile();
    Snapshot former =
        file == null ? null : Flag.read("--snapshot-file", () -> SnapshotFile.read(file));
    Store store;
    if (options.cluster() != null) {
      // Members change their addresses; the JDK would believe a name's for half a minute.
      Security.setProperty("networkaddress.cache.ttl", "2");
      Security.setProperty("networkaddress.cache.negative.ttl", "1");
      store = HazelcastStore.open(options.cluster(), former, lost);
      if (former != null && !isOf(former, store.newestKnown())) {
        keepAside(file, former);
      }
    } else {
      store = former == null ? MemoryStore.afterOthers(clock) : MemoryStore.restored(clock, former);
    }
    Storage storage = new Storage(options, store);
    if (file != null) {
      storage.writer.start();
    }
    return storage;
  }

  public Store store() {
    return store;
  }

  /** Writes a last snapshot and closes the store. */
  public Future<Void> close() {
    Promise<Void> done = Promise.promise();
    Thread.ofVirtual()
        .name("store close")
        .start(
            () -> {
              if (options.snapshotFile() != null) {
                writer.interrupt();
                write();
              }
              store.close().onComplete(done);
            });
    return done.future();
  }

  private static boolean isOf(Snapshot former, Snapshot now) {
    Store.Entry before = former.entries().get(HazelcastStore.LINEAGE);
    Store.Entry after = now.entries().get(HazelcastStore.LINEAGE);
    return before != null
        && after != null
        && Objects.equals(before.value(), after.value())
        && former.revision() <= now.revision();
  }

  /** What the members have is not what the file holds, which may be its only copy. */
  private static void keepAside(Path file, Snapshot former) throws IOException {
    Path aside = file.resolveSibling(file.getFileName() + "." + former.revision());
    Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
    LOG.warn(
        "the store did not begin with {}, or has lost what it holds: it is kept as {}",
        file,
        aside);
  }

  private void run() {
    try {
      while (true) {
        Thread.sleep(options.snapshotInterval());
        write();
      }
    } catch (InterruptedException e) {
      LOG.debug("no more snapshots");
    }
  }

  private synchronized void write() {
    Snapshot now = store.newestKnown();
    if (now.revision() == 0 || now.revision() == written) {
      return;
    }
    try {
      SnapshotFile.write(options.snapshotFile(), now);
      written = now.revision();
    } catch (IOException e) {
      LOG.error("--snapshot-file: {} can't be written: {}", options.snapshotFile(), e.getMessage());
    }
  }
}
