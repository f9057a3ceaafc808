package io.hubspoke.lab.scale;

import io.hubspoke.lab.bench.ProcessUsage;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A control plane that is a child of this process. */
public final class ChildControlPlane implements ControlPlane {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final CompletableFuture<ScaleRun.Cluster> ready = new CompletableFuture<>();
  private final ChildProcess child;

  /**
   * Takes over a process that was just started: it says when it serves, and ends with its input.
   */
  public ChildControlPlane(Process process) {
    child =
        new ChildProcess(
            process,
            line -> ready.complete(ScaleRun.Cluster.of(line)),
            () -> ready.completeExceptionally(new IOException("the control plane has ended")));
  }

  @Override
  public ScaleRun.Cluster ready() throws Exception {
    try {
      return ready.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  @Override
  public boolean isAlive() {
    return child.isAlive();
  }

  @Override
  public Map<String, ProcessUsage> usage() {
    return Map.of("control plane", child.usage());
  }

  @Override
  public void close() {
    child.close();
  }
}
