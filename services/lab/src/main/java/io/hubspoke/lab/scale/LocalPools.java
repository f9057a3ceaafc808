package io.hubspoke.lab.scale;

import io.hubspoke.lab.bench.ProcessUsage;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** All nodes of a run in one pool of this process. */
public final class LocalPools implements NodePools {
  private static final long PATIENCE_SECONDS = 60;

  private final NodePool pool;
  private final Path directory;
  private final Consumer<String> phase;

  /**
   * Starts no node yet.
   *
   * @param directory where each node has a directory
   * @param phase told what goes wrong
   */
  public LocalPools(NodePool pool, Path directory, Consumer<String> phase) {
    this.pool = pool;
    this.directory = directory;
    this.phase = phase;
  }

  @Override
  public void start(int nodes) {
    // What becomes of them is seen in the pool's report.
    pool.start(new NodeRange(1, nodes)).onFailure(e -> phase.accept("nodes: " + e.getMessage()));
  }

  @Override
  public List<PoolReport> reports() {
    return List.of(pool.report());
  }

  @Override
  public boolean joined() {
    return pool.report().complete();
  }

  @Override
  public Map<String, ProcessUsage> usage() {
    return Map.of();
  }

  @Override
  public Optional<Path> directory(String node) {
    return Optional.of(directory.resolve(node));
  }

  @Override
  public void close() throws IOException {
    try {
      Component.await(pool.close().timeout(PATIENCE_SECONDS, TimeUnit.SECONDS));
    } catch (Exception e) {
      throw new IOException("nodes did not end: " + Component.reason(e), e);
    }
  }
}
