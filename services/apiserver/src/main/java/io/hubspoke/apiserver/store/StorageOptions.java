package io.hubspoke.apiserver.store;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where objects are kept.
 *
 * @param cluster the members of a store in the memory of several apiservers; null to keep objects
 *     in this process alone
 * @param snapshotFile where all objects are written now and then, and read from at the start when
 *     there are none; null for nowhere
 * @param snapshotInterval how often
 */
public record StorageOptions(ClusterOptions cluster, Path snapshotFile, Duration snapshotInterval) {
  /** In this process, for as long as it runs. */
  public static final StorageOptions MEMORY = new StorageOptions(null, null, Duration.ofMinutes(1));
}
