package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Exit;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatus;
import io.hubspoke.kubelet.runtime.cri.v1.StopContainerRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** A container that the runtime has started. */
final class CriContainer implements ContainerRuntime.Container {
  /** Of a container that somebody else has removed, so that nobody knows how it ended. */
  private static final int LOST = 137;

  private static final Duration STOP_RETRY = Duration.ofSeconds(1);

  private final Vertx vertx;
  private final CriClient client;
  private final ContainerExits exits;
  private final ContainerConfig config;
  private final String id;
  private final Instant startedAt;
  private final Promise<Exit> exited = Promise.promise();

  CriContainer(
      Vertx vertx,
      CriClient client,
      ContainerExits exits,
      ContainerConfig config,
      String id,
      Instant startedAt) {
    this.vertx = vertx;
    this.client = client;
    this.exits = exits;
    this.config = config;
    this.id = id;
    this.startedAt = startedAt;
  }

  CriContainer watched() {
    exits.watch(id, this::ended);
    return this;
  }

  ContainerConfig config() {
    return config;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Instant startedAt() {
    return startedAt;
  }

  @Override
  public Future<Exit> exited() {
    return exited.future();
  }

  @Override
  public Future<Exit> stop(Duration grace) {
    stopBy(Instant.now().plus(grace));
    return exited.future();
  }

  /** Stops it; a runtime that is away is asked again with what is left of the time. */
  private void stopBy(Instant deadline) {
    if (exited.future().isComplete()) {
      return;
    }
    // In whole seconds; with none the runtime kills at once.
    Duration left = Duration.between(Instant.now(), deadline);
    long seconds = left.isNegative() ? 0 : left.plusMillis(999).toSeconds();
    client
        .call(
            CriMethod.STOP_CONTAINER,
            StopContainerRequest.newBuilder().setContainerId(id).setTimeout(seconds).build(),
            CriClient.TIMEOUT.plusSeconds(seconds))
        .transform(stopped -> exits.look(id))
        .onComplete(
            looked -> {
              if (!exited.future().isComplete() && !client.closed()) {
                vertx
                    .timer(STOP_RETRY.toMillis(), TimeUnit.MILLISECONDS)
                    .onSuccess(v -> stopBy(deadline));
              }
            });
  }

  private void ended(ContainerStatus status) {
    if (status == null) {
      exited.tryComplete(
          new Exit(
              LOST,
              Instant.now(),
              "ContainerStatusUnknown",
              "The container could not be located when it was looked for"));
      return;
    }
    exited.tryComplete(
        new Exit(
            status.getExitCode(),
            Instant.ofEpochSecond(0, status.getFinishedAt()),
            status.getReason(),
            status.getMessage()));
  }
}
