package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.cri.v1.Container;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerFilter;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerState;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatus;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ListContainersRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ListContainersResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Sees containers end by listing them again and again, as the real kubelet's pod lifecycle event
 * generator does: containerd sends events from 1.7 on only. Lists while there is anything to see.
 */
final class ContainerExits {
  private static final Duration INTERVAL = Duration.ofMillis(400);
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final Vertx vertx;
  private final CriClient client;
  private final ListContainersRequest request;
  private final Map<String, Consumer<ContainerStatus>> watched = new ConcurrentHashMap<>();
  private final AtomicBoolean looking = new AtomicBoolean();
  private volatile boolean stopped;

  ContainerExits(Vertx vertx, CriClient client, KubernetesLabels labels) {
    this.vertx = vertx;
    this.client = client;
    this.request =
        ListContainersRequest.newBuilder()
            .setFilter(ContainerFilter.newBuilder().putAllLabelSelector(labels.owner()))
            .build();
  }

  /** Tells once of the end of a container that runs: with how it ended, or null when it is gone. */
  void watch(String id, Consumer<ContainerStatus> ended) {
    watched.put(id, ended);
    if (looking.compareAndSet(false, true)) {
      later();
    }
  }

  /** Looks at one container now; it is expected to have ended. */
  Future<Void> look(String id) {
    return client
        .call(
            CriMethod.CONTAINER_STATUS,
            ContainerStatusRequest.newBuilder().setContainerId(id).build(),
            LIMIT)
        .transform(
            result -> {
              if (result.failed()) {
                boolean gone =
                    result.cause() instanceof CriException e && e.status() == GrpcStatus.NOT_FOUND;
                if (gone) {
                  end(id, null);
                }
                return gone ? Future.succeededFuture() : Future.failedFuture(result.cause());
              }
              ContainerStatus status = result.result().getStatus();
              if (status.getState() == ContainerState.CONTAINER_EXITED) {
                end(id, status);
              }
              return Future.succeededFuture();
            });
  }

  /** Ends the looking; only those looked at by name are heard of from now on. */
  void stop() {
    stopped = true;
  }

  private void later() {
    vertx.setTimer(
        INTERVAL.toMillis(),
        timer ->
            list()
                .onComplete(
                    listed -> {
                      if (!watched.isEmpty() && !stopped) {
                        later();
                        return;
                      }
                      looking.set(false);
                      // Somebody may have begun to watch between the two lines above.
                      if (!watched.isEmpty() && !stopped && looking.compareAndSet(false, true)) {
                        later();
                      }
                    }));
  }

  private Future<Void> list() {
    // Taken before the list is made: one that is started meanwhile may not be in it.
    List<String> expected = List.copyOf(watched.keySet());
    return client
        .call(CriMethod.LIST_CONTAINERS, request, LIMIT)
        .compose(answer -> lookAt(expected, answer))
        // A runtime that is away is asked again; containers outlive it.
        .otherwiseEmpty();
  }

  private Future<Void> lookAt(List<String> expected, ListContainersResponse answer) {
    Map<String, ContainerState> states =
        answer.getContainersList().stream()
            .collect(Collectors.toMap(Container::getId, Container::getState, (a, b) -> a));
    List<Future<Void>> looks =
        expected.stream()
            .filter(
                id -> {
                  ContainerState state = states.get(id);
                  return state == null || state == ContainerState.CONTAINER_EXITED;
                })
            .map(this::look)
            .toList();
    return Future.join(looks).mapEmpty();
  }

  private void end(String id, ContainerStatus status) {
    Consumer<ContainerStatus> ended = watched.remove(id);
    if (ended != null) {
      ended.accept(status);
    }
  }
}
