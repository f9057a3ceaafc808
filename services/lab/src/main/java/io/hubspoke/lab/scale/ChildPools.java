package io.hubspoke.lab.scale;

import io.hubspoke.lab.bench.ProcessUsage;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** Pools that are children of this process, each with a range of nodes. */
public final class ChildPools implements NodePools {
  private final int count;
  private final Path directory;
  private final Callable<Process> launcher;
  private final Consumer<String> phase;
  private final List<PoolProcess> pools = new ArrayList<>();
  private final Map<String, ProcessUsage> usage = new LinkedHashMap<>();
  private volatile int nodes;

  /**
   * Starts no process yet.
   *
   * @param directory where each node has a directory
   * @param launcher starts an empty pool, which does what its input orders, and ends with it
   * @param phase told what goes wrong
   */
  public ChildPools(int count, Path directory, Callable<Process> launcher, Consumer<String> phase) {
    this.count = count;
    this.directory = directory;
    this.launcher = launcher;
    this.phase = phase;
  }

  @Override
  public void start(int all) throws Exception {
    nodes = all;
    for (var range : NodeRange.deal(all, count)) {
      var pool = new PoolProcess(launcher.call());
      synchronized (this) {
        pools.add(pool);
        usage.put("nodes " + range, pool.usage());
      }
      // What becomes of it is seen in its reports.
      pool.start(range).onFailure(e -> phase.accept("nodes " + range + ": " + e.getMessage()));
    }
  }

  @Override
  public synchronized List<PoolReport> reports() {
    return pools.stream().map(PoolProcess::report).toList();
  }

  @Override
  public boolean joined() {
    var reports = reports();
    return reports.stream().allMatch(PoolReport::complete)
        && reports.stream().mapToInt(PoolReport::asked).sum() == nodes;
  }

  @Override
  public synchronized Map<String, ProcessUsage> usage() {
    return new LinkedHashMap<>(usage);
  }

  @Override
  public Optional<Path> directory(String node) {
    return Optional.of(directory.resolve(node));
  }

  @Override
  public void close() throws IOException {
    List<PoolProcess> ending;
    synchronized (this) {
      ending = List.copyOf(pools);
    }
    try {
      Component.await(Future.join(ending.stream().map(PoolProcess::close).toList()));
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
