package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Runs what a container has done after its start and before its end. */
final class LifecycleHooks {
  /** What nobody waits for any longer has an end of its own. */
  private static final Duration LONGEST = Duration.ofHours(1);

  private final Vertx vertx;
  private final Prober prober;
  private final ContainerExec exec;

  LifecycleHooks(Vertx vertx, Prober prober, ContainerExec exec) {
    this.vertx = vertx;
    this.prober = prober;
    this.exec = exec;
  }

  /**
   * Runs a hook; fails with what went wrong.
   *
   * @param ip the pod's address
   * @param longest null when it may take its time
   */
  Future<Void> run(
      LifecycleHandler hook,
      Container spec,
      ContainerRuntime.Container container,
      String ip,
      Duration longest) {
    Duration time = longest == null ? LONGEST : longest;
    if (hook.getExec() != null) {
      var command = hook.getExec().getCommand();
      return exec.run(container, command, time)
          .compose(
              result ->
                  result.code() == 0
                      ? Future.succeededFuture()
                      : Future.failedFuture(
                          "command '%s' exited with %d: %s"
                              .formatted(
                                  String.join(" ", command), result.code(), result.output())));
    }
    if (hook.getHttpGet() != null) {
      return prober.hook(hook.getHttpGet(), spec, ip, time);
    }
    if (hook.getSleep() != null) {
      long seconds = hook.getSleep().getSeconds() == null ? 0 : hook.getSleep().getSeconds();
      Duration sleep = Duration.ofSeconds(seconds);
      Duration shorter = sleep.compareTo(time) < 0 ? sleep : time;
      return vertx.timer(Math.max(1, shorter.toMillis()), TimeUnit.MILLISECONDS).mapEmpty();
    }
    return Future.failedFuture("invalid handler: it is neither exec, httpGet nor sleep");
  }
}
