package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatsRequest;
import io.hubspoke.kubelet.runtime.cri.v1.NetworkConfig;
import io.hubspoke.kubelet.runtime.cri.v1.RuntimeConfig;
import io.hubspoke.kubelet.runtime.cri.v1.UpdateRuntimeConfigRequest;
import io.hubspoke.kubelet.runtime.cri.v1.VersionRequest;
import io.hubspoke.kubelet.runtime.cri.v1.VersionResponse;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs containers by a runtime that speaks CRI v1, such as containerd. They would outlive the
 * kubelet, but this one takes up none that it has not started itself: what it has made ends with
 * it, and what an earlier run left is taken away before the first pod.
 */
public final class CriRuntime implements ContainerRuntime {
  private static final Logger LOG = LoggerFactory.getLogger(CriRuntime.class);

  /** For what a runtime answers out of its memory. */
  private static final Duration SHORT = Duration.ofSeconds(10);

  /** {@code containerLogMonitorInterval}'s default. */
  private static final Duration LOG_INTERVAL = Duration.ofSeconds(10);

  /** How long the kubelet's end waits for that of its pods. */
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(8);

  /**
   * The node that it runs containers for.
   *
   * @param ip the address of pods on the host's network
   * @param rootDir the kubelet's; no other kubelet has the same
   * @param memoryCapacity in bytes
   * @param maxLogSize bytes after which a log file is rotated
   */
  public record Node(String ip, Path rootDir, long memoryCapacity, long maxLogSize) {}

  private final CriClient client;
  private final CriImages images;
  private final SandboxCalls sandboxes;
  private final ContainerCalls containers;
  private final ContainerExits exits;
  private final RuntimeHealth health;
  private final LogRotation rotation;
  private final StreamingServer streaming;
  private volatile VersionResponse version = VersionResponse.getDefaultInstance();
  private volatile String podCidr = "";

  /**
   * Makes a runtime of one node.
   *
   * @param socket where the runtime listens
   */
  public CriRuntime(Vertx vertx, Path socket, Node node) {
    this.client = new CriClient(vertx, socket);
    this.images = new CriImages(client);
    KubernetesLabels labels = new KubernetesLabels(node.rootDir);
    SecurityContexts security = new SecurityContexts(node.rootDir);
    PodFiles files = new PodFiles(node.rootDir);
    this.sandboxes =
        new SandboxCalls(
            client,
            labels,
            new PodSandboxes(labels, security, new PodDns(Path.of("/etc/resolv.conf"))),
            node.ip);
    this.exits = new ContainerExits(vertx, client, labels);
    this.containers =
        new ContainerCalls(
            vertx,
            client,
            images,
            sandboxes,
            new ContainerConfigs(labels, security, new LinuxResources(node.memoryCapacity)),
            files,
            exits);
    this.health = new RuntimeHealth(vertx, client, images);
    this.rotation = new LogRotation(vertx, client, node.maxLogSize, LOG_INTERVAL);
    this.streaming = new StreamingServer(vertx, client);
  }

  @Override
  public Future<Void> start() {
    return client
        .call(CriMethod.VERSION, VersionRequest.getDefaultInstance(), SHORT)
        .recover(failure -> Future.failedFuture(new IllegalStateException(unusable(failure))))
        .compose(
            answer -> {
              version = answer;
              return sandboxes.removeAll();
            })
        .compose(removed -> health.start());
  }

  private String unusable(Throwable failure) {
    return (failure instanceof CriException e && e.status() == GrpcStatus.UNIMPLEMENTED
            ? "CRI v1 runtime API is not implemented for endpoint"
            : "validate CRI v1 runtime API for endpoint")
        + " \"unix://"
        + client.socket()
        + "\": "
        + failure.getMessage();
  }

  @Override
  public Future<Void> stop() {
    health.stop();
    rotation.stop();
    exits.stop();
    Future<Void> removed =
        version.getRuntimeName().isEmpty() ? Future.succeededFuture() : sandboxes.removeAll();
    return removed
        .timeout(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .onFailure(e -> LOG.warn("pod sandboxes are left behind: {}", e.getMessage()))
        .eventually(streaming::close)
        .eventually(client::close)
        .otherwiseEmpty();
  }

  @Override
  public String version() {
    String name = version.getRuntimeName();
    return (name.isEmpty() ? "cri" : name) + "://" + version.getRuntimeVersion();
  }

  @Override
  public boolean mountsHostPaths() {
    return true;
  }

  @Override
  public List<String> images() {
    return health.imageNames();
  }

  @Override
  public Optional<String> notReady() {
    return health.trouble();
  }

  @Override
  public void updatePodCidr(String cidr) {
    if (cidr.equals(podCidr)) {
      return;
    }
    podCidr = cidr;
    client
        .call(
            CriMethod.UPDATE_RUNTIME_CONFIG,
            UpdateRuntimeConfigRequest.newBuilder()
                .setRuntimeConfig(
                    RuntimeConfig.newBuilder()
                        .setNetworkConfig(NetworkConfig.newBuilder().setPodCidr(cidr)))
                .build())
        .onFailure(
            e -> {
              // Told again with the node's next status.
              podCidr = "";
              LOG.warn("the runtime was not told the pod CIDR {}: {}", cidr, e.getMessage());
            });
  }

  @Override
  public Future<Sandbox> runSandbox(SandboxConfig config) {
    return sandboxes.run(config);
  }

  @Override
  public Future<Optional<ImageRef>> findImage(String image) {
    return images.find(image).map(found -> found.map(there -> CriImages.reference(there, true)));
  }

  @Override
  public Future<ImageRef> pullImage(String image) {
    return images.pull(image);
  }

  @Override
  public Future<Void> check(Pod pod, io.fabric8.kubernetes.api.model.Container spec) {
    return containers.check(pod, spec);
  }

  @Override
  public Future<Container> startContainer(Sandbox sandbox, ContainerConfig config) {
    return containers.start(sandbox, config).onSuccess(rotation::watch).map(started -> started);
  }

  @Override
  public Future<Void> removeSandbox(Sandbox sandbox) {
    return sandboxes.remove(sandbox.id()).onSuccess(removed -> containers.forget(sandbox.id()));
  }

  @Override
  public Future<RemoteProcess> exec(
      Container container, List<String> command, RemoteCommand streams) {
    return streaming.exec(container.id(), command, streams);
  }

  @Override
  public Future<RemoteProcess> attach(Container container, RemoteCommand streams) {
    return streaming.attach(container.id(), streams);
  }

  @Override
  public Future<Duplex> portForward(Sandbox sandbox, int port) {
    return streaming.portForward(sandbox.id(), port);
  }

  @Override
  public Future<Optional<Usage>> usage(Container container) {
    return client
        .call(
            CriMethod.CONTAINER_STATS,
            ContainerStatsRequest.newBuilder().setContainerId(container.id()).build(),
            SHORT)
        .map(
            answer -> {
              var stats = answer.getStats();
              return stats.hasCpu() && stats.hasMemory()
                  ? Optional.of(
                      new Usage(
                          Instant.ofEpochSecond(0, stats.getCpu().getTimestamp()),
                          stats.getCpu().getUsageCoreNanoSeconds().getValue(),
                          stats.getMemory().getWorkingSetBytes().getValue()))
                  : Optional.empty();
            });
  }
}
