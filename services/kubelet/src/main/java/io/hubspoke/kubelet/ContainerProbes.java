package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;

/**
 * Probes one run of one container for as long as it lasts: when it has started, whether it is
 * ready, and whether it has to be restarted (Kubernetes documentation, "Pod Lifecycle", container
 * probes).
 */
final class ContainerProbes {
  /** What a probe decides on. */
  enum Kind {
    STARTUP("Startup"),
    LIVENESS("Liveness"),
    READINESS("Readiness");

    final String text;

    Kind(String text) {
      this.text = text;
    }
  }

  /** What the probes of all containers of a pod need. */
  record Means(
      Context context, Prober prober, ContainerExec exec, EventRecorder events, Runnable changed) {}

  private final Means means;
  private final Container spec;
  private final ContainerRuntime.Container container;
  private final Regarding about;
  private final String ip;
  private final Lifetime lifetime;
  private final Promise<Void> started = Promise.promise();
  private volatile boolean ready;
  private volatile Kind failed;

  /**
   * Makes probes of a container that has just been started.
   *
   * @param ip the pod's address
   */
  ContainerProbes(
      Means means,
      Container spec,
      ContainerRuntime.Container container,
      Regarding about,
      String ip) {
    this.means = means;
    this.spec = spec;
    this.container = container;
    this.about = about;
    this.ip = ip;
    this.lifetime = new Lifetime(means.context.owner());
    this.ready = spec.getReadinessProbe() == null;
    if (spec.getStartupProbe() == null) {
      started.complete();
    }
  }

  /** Begins; ends with {@link #stop}. */
  ContainerProbes start() {
    start(Kind.STARTUP, spec.getStartupProbe());
    start(Kind.LIVENESS, spec.getLivenessProbe());
    start(Kind.READINESS, spec.getReadinessProbe());
    return this;
  }

  void stop() {
    lifetime.end();
  }

  boolean started() {
    return started.future().isComplete();
  }

  boolean ready() {
    return ready && started();
  }

  /** Returns the probe because of which the container has to be restarted, or null. */
  Kind failed() {
    return failed;
  }

  private void start(Kind kind, Probe probe) {
    if (probe != null) {
      Promise<Void> loop = Promise.promise();
      means.prober.follow(loop.future());
      means.context.runOnContext(
          v -> {
            try {
              loop(kind, probe);
            } finally {
              loop.complete();
            }
          });
    }
  }

  private void loop(Kind kind, Probe probe) {
    Run run = new Run();
    pause(probe.getInitialDelaySeconds(), 0);
    while (!lifetime.ended()) {
      if (kind != Kind.STARTUP && !started()) {
        Future.any(started.future(), lifetime.over()).await();
        continue;
      }
      String failure;
      try {
        failure = ask(probe);
      } catch (UnknownException e) {
        if (lifetime.ended()) {
          return;
        }
        // Says nothing of the container, so nothing follows from it.
        means.events.warning(
            about,
            "Unhealthy",
            kind.text + " probe errored and resulted in unknown state: " + e.getMessage());
        pause(probe.getPeriodSeconds(), 10);
        continue;
      }
      if (lifetime.ended()) {
        return;
      }
      if (failure != null) {
        means.events.warning(about, "Unhealthy", kind.text + " probe failed: " + failure);
      }
      if (run.add(failure == null, probe)) {
        decide(kind, failure == null);
      }
      if (failed != null || (kind == Kind.STARTUP && started())) {
        return;
      }
      pause(probe.getPeriodSeconds(), 10);
    }
  }

  private void pause(Integer seconds, int otherwise) {
    int time = seconds == null || seconds < 0 ? otherwise : seconds;
    if (time > 0) {
      lifetime.sleep(Duration.ofSeconds(time));
    }
  }

  /** Probes once; returns what is wrong, or null. */
  private String ask(Probe probe) throws UnknownException {
    if (probe.getExec() != null) {
      return ask(probe.getExec().getCommand(), Prober.timeout(probe));
    }
    Future<String> answer =
        means
            .prober
            .probe(probe, spec, ip)
            .map((String) null)
            .otherwise(e -> String.valueOf(e.getMessage()));
    return answer.await();
  }

  /** Runs a command; returns what is wrong, or null. */
  private String ask(List<String> command, Duration timeout) throws UnknownException {
    try {
      ContainerExec.Result result = means.exec.run(container, command, timeout).await();
      return result.code() == 0 ? null : result.output();
    } catch (ContainerExec.TimedOutException e) {
      return e.getMessage();
    } catch (Exception e) {
      throw new UnknownException(String.valueOf(e.getMessage()));
    }
  }

  /** Whether the container is well can't be told. */
  private static final class UnknownException extends Exception {
    UnknownException(String message) {
      super(message, null, false, false);
    }
  }

  private void decide(Kind kind, boolean success) {
    switch (kind) {
      case STARTUP -> {
        if (success) {
          started.tryComplete();
        } else {
          failed = kind;
        }
      }
      case LIVENESS -> failed = success ? failed : kind;
      case READINESS -> {
        if (ready == success) {
          return;
        }
        ready = success;
      }
    }
    if (!success || kind != Kind.LIVENESS) {
      means.changed.run();
    }
  }

  /** Counts equal answers in a row. */
  private static final class Run {
    private boolean success;
    private int length;

    /** Returns whether there are as many as the probe asks for. */
    boolean add(boolean answer, Probe probe) {
      length = length > 0 && answer == success ? length + 1 : 1;
      success = answer;
      Integer threshold = answer ? probe.getSuccessThreshold() : probe.getFailureThreshold();
      return length >= (threshold == null || threshold < 1 ? answer ? 1 : 3 : threshold);
    }
  }
}
