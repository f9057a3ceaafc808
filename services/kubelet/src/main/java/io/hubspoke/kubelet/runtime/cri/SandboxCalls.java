package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.runtime.ContainerRuntime.SandboxConfig;
import io.hubspoke.kubelet.runtime.cri.v1.ListPodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandbox;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxConfig;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxFilter;
import io.hubspoke.kubelet.runtime.cri.v1.PodSandboxStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.RemovePodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.RunPodSandboxRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StopPodSandboxRequest;
import io.vertx.core.Future;
import io.vertx.grpc.common.GrpcStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Makes pod sandboxes and takes them away. */
final class SandboxCalls {
  /** CNI plugins have their time beside the runtime's own. */
  private static final Duration TIMEOUT = CriClient.TIMEOUT.multipliedBy(2);

  /** A sandbox with what it was made of: containers are made with that again. */
  record Made(PodSandboxConfig config, Path logDirectory) {}

  private final CriClient client;
  private final KubernetesLabels labels;
  private final PodSandboxes configs;
  private final String nodeIp;
  private final Map<String, Made> made = new ConcurrentHashMap<>();

  SandboxCalls(CriClient client, KubernetesLabels labels, PodSandboxes configs, String nodeIp) {
    this.client = client;
    this.labels = labels;
    this.configs = configs;
    this.nodeIp = nodeIp;
  }

  Optional<Made> find(String id) {
    return Optional.ofNullable(made.get(id));
  }

  Future<Sandbox> run(SandboxConfig config) {
    PodSandboxConfig cri;
    try {
      Files.createDirectories(config.logDirectory());
      cri = configs.of(config);
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    // One that was made when nobody waited for it any longer holds the pod's name.
    return removeAll(labels.uid(config.uid()))
        .compose(
            removed ->
                client.call(
                    CriMethod.RUN_POD_SANDBOX,
                    RunPodSandboxRequest.newBuilder().setConfig(cri).build(),
                    TIMEOUT))
        .compose(
            answer -> {
              String id = answer.getPodSandboxId();
              made.put(id, new Made(cri, config.logDirectory()));
              return address(config, id).map(ip -> new Sandbox(id, ip));
            });
  }

  private Future<String> address(SandboxConfig config, String id) {
    if (config.hostNetwork()) {
      return Future.succeededFuture(nodeIp);
    }
    return client
        .call(
            CriMethod.POD_SANDBOX_STATUS,
            PodSandboxStatusRequest.newBuilder().setPodSandboxId(id).build())
        .map(answer -> answer.getStatus().getNetwork().getIp());
  }

  /** Ends and removes all sandboxes of this kubelet with the containers in them. */
  Future<Void> removeAll() {
    return removeAll(Map.of());
  }

  private Future<Void> removeAll(Map<String, String> also) {
    Map<String, String> selector = new HashMap<>(labels.owner());
    selector.putAll(also);
    return client
        .call(
            CriMethod.LIST_POD_SANDBOX,
            ListPodSandboxRequest.newBuilder()
                .setFilter(PodSandboxFilter.newBuilder().putAllLabelSelector(selector))
                .build())
        .compose(
            answer ->
                Future.join(
                    answer.getItemsList().stream()
                        .map(PodSandbox::getId)
                        .map(this::remove)
                        .toList()))
        .mapEmpty();
  }

  /** Ends what still runs in a sandbox, frees its address and removes it. */
  Future<Void> remove(String id) {
    return client
        .call(
            CriMethod.STOP_POD_SANDBOX,
            StopPodSandboxRequest.newBuilder().setPodSandboxId(id).build(),
            TIMEOUT)
        .compose(
            stopped ->
                client.call(
                    CriMethod.REMOVE_POD_SANDBOX,
                    RemovePodSandboxRequest.newBuilder().setPodSandboxId(id).build()))
        .<Void>mapEmpty()
        .recover(
            failure ->
                failure instanceof CriException e && e.status() == GrpcStatus.NOT_FOUND
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure))
        .onSuccess(removed -> made.remove(id));
  }
}
