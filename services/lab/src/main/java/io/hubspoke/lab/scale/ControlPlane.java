package io.hubspoke.lab.scale;

import io.hubspoke.lab.bench.ProcessUsage;
import java.io.IOException;
import java.util.Map;

/** The control plane of a run, in this process or another one. Its methods block. */
public interface ControlPlane extends AutoCloseable {
  /** Waits until it serves; returns what nodes are told of it. */
  ScaleRun.Cluster ready() throws Exception;

  /** Returns whether it has not ended. */
  boolean isAlive();

  /** Returns what a process of its own uses, by its name for people. */
  Map<String, ProcessUsage> usage();

  /** Ends it; may be called while it starts, from another thread. */
  @Override
  void close() throws IOException;
}
