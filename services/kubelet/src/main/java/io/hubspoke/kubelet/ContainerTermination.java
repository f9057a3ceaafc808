package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Ends one run of one container: its hook first, then the signal, and the kill when its time is
 * over (Kubernetes documentation, "Pod Lifecycle", termination of Pods). The hook's time counts.
 */
final class ContainerTermination {
  /** What a process has at least after its hook. */
  private static final Duration LEAST = Duration.ofSeconds(2);

  /** By how much a later end has to be sooner to count. */
  private static final Duration SHORTER = Duration.ofMillis(500);

  private final LifecycleHooks hooks;
  private final EventRecorder events;
  private final Regarding about;
  private final Container spec;
  private final ContainerRuntime.Container container;
  private final String ip;
  private boolean begun;
  private long deadline;
  private boolean signalled;

  ContainerTermination(
      LifecycleHooks hooks,
      EventRecorder events,
      Regarding about,
      Container spec,
      ContainerRuntime.Container container,
      String ip) {
    this.hooks = hooks;
    this.events = events;
    this.about = about;
    this.spec = spec;
    this.container = container;
    this.ip = ip;
  }

  /** Begins to end the container, or gives it less time than it had; returns whether it begins. */
  synchronized boolean within(Duration time) {
    long until = System.nanoTime() + time.toNanos();
    if (begun && until - deadline > -SHORTER.toNanos()) {
      return false;
    }
    boolean first = !begun;
    begun = true;
    deadline = until;
    LifecycleHandler hook = spec.getLifecycle() == null ? null : spec.getLifecycle().getPreStop();
    if (!first || hook == null || time.isZero()) {
      signal(time);
      return first;
    }
    hooks
        .run(hook, spec, container, ip, time)
        .timeout(Math.max(1, time.toMillis()), TimeUnit.MILLISECONDS)
        .onFailure(
            e ->
                events.warning(about, "FailedPreStopHook", "PreStopHook failed: " + e.getMessage()))
        .onComplete(done -> afterHook());
    return true;
  }

  private synchronized void afterHook() {
    if (!signalled) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      signal(left.compareTo(LEAST) < 0 ? LEAST : left);
    }
  }

  private void signal(Duration time) {
    signalled = true;
    // How it ends is told by exited(), which is waited for elsewhere.
    container.stop(time).otherwiseEmpty();
  }
}
