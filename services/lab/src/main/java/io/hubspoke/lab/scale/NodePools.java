package io.hubspoke.lab.scale;

import io.hubspoke.lab.bench.ProcessUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All pools of a run: who runs which of its nodes. Methods block, and may be called anywhere. */
public interface NodePools extends AutoCloseable {
  /** Has all nodes of the run started; how that goes is seen by the other methods. */
  void start(int nodes) throws Exception;

  /** Returns whether each node has joined the cluster, or can't. */
  boolean joined();

  /** Returns how each pool that is there fares. */
  List<PoolReport> reports();

  /** Returns how many nodes ended by themselves. */
  default int failed() {
    return reports().stream().mapToInt(PoolReport::failed).sum();
  }

  /** Returns why one of them did; may be empty. */
  default String failure() {
    return reports().stream()
        .map(PoolReport::failure)
        .filter(text -> !text.isEmpty())
        .findFirst()
        .orElse("");
  }

  /** Returns what each process with nodes uses, by its name for people. */
  Map<String, ProcessUsage> usage();

  /** Returns the directory of a node's files, if it is one of this machine. */
  Optional<Path> directory(String node);

  /** Returns what else is to be said of the pools, a line each. */
  default List<String> notes() {
    return List.of();
  }

  /** Ends all pools and their nodes; a second time is for nothing. */
  @Override
  void close() throws IOException;
}
