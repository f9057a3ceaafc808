package io.hubspoke.kubelet.runtime.cri;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ConfigException;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.kubelet.runtime.cri.v1.ContainerStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.CreateContainerRequest;
import io.hubspoke.kubelet.runtime.cri.v1.CreateContainerResponse;
import io.hubspoke.kubelet.runtime.cri.v1.Image;
import io.hubspoke.kubelet.runtime.cri.v1.RemoveContainerRequest;
import io.hubspoke.kubelet.runtime.cri.v1.StartContainerRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Makes and starts containers. */
final class ContainerCalls {
  /** What a container is called through all its starts. */
  private record Name(String sandbox, String container) {}

  private final Vertx vertx;
  private final CriClient client;
  private final CriImages images;
  private final SandboxCalls sandboxes;
  private final ContainerConfigs configs;
  private final PodFiles files;
  private final ContainerExits exits;

  /** The start before the present one stays to be looked at, as the real kubelet keeps one. */
  private final Map<Name, String> present = new ConcurrentHashMap<>();

  private final Map<Name, String> previous = new ConcurrentHashMap<>();

  ContainerCalls(
      Vertx vertx,
      CriClient client,
      CriImages images,
      SandboxCalls sandboxes,
      ContainerConfigs configs,
      PodFiles files,
      ContainerExits exits) {
    this.vertx = vertx;
    this.client = client;
    this.images = images;
    this.sandboxes = sandboxes;
    this.configs = configs;
    this.files = files;
    this.exits = exits;
  }

  /** Starts a container; fails with {@link StartException} alone. */
  Future<CriContainer> start(Sandbox sandbox, ContainerConfig config) {
    return image(config.image())
        .compose(image -> create(sandbox, config, image))
        .compose(id -> start(sandbox, config, id))
        .recover(
            failure ->
                Future.failedFuture(
                    failure instanceof StartException
                        ? failure
                        : new StartException(failure.getMessage())));
  }

  /** Looks whether a container can be made as its pod describes it. */
  Future<Void> check(Pod pod, Container spec) {
    return image(spec.getImage())
        .map(
            image -> {
              configs.check(pod, spec, image);
              return null;
            });
  }

  private Future<Image> image(String name) {
    return images
        .find(name)
        .map(
            found -> found.orElseThrow(() -> new StartException("image \"" + name + "\" is gone")));
  }

  private Future<String> create(Sandbox sandbox, ContainerConfig config, Image image) {
    try {
      SandboxCalls.Made in =
          sandboxes
              .find(sandbox.id())
              .orElseThrow(() -> new StartException("there is no sandbox " + sandbox.id()));
      Files.createDirectories(config.logFile().getParent());
      var more = files.prepare(config, sandbox.ip());
      return client
          .call(
              CriMethod.CREATE_CONTAINER,
              CreateContainerRequest.newBuilder()
                  .setPodSandboxId(sandbox.id())
                  .setConfig(configs.of(config, image, in.logDirectory(), more))
                  .setSandboxConfig(in.config())
                  .build())
          .map(CreateContainerResponse::getContainerId);
    } catch (IOException | StartException | ConfigException e) {
      return Future.failedFuture(e);
    }
  }

  private Future<CriContainer> start(Sandbox sandbox, ContainerConfig config, String id) {
    return client
        .call(
            CriMethod.START_CONTAINER,
            StartContainerRequest.newBuilder().setContainerId(id).build())
        .compose(
            started ->
                client.call(
                    CriMethod.CONTAINER_STATUS,
                    ContainerStatusRequest.newBuilder().setContainerId(id).build()))
        .map(
            answer -> {
              Instant at = Instant.ofEpochSecond(0, answer.getStatus().getStartedAt());
              replace(new Name(sandbox.id(), config.name()), id);
              return new CriContainer(vertx, client, exits, config, id, at).watched();
            })
        .recover(
            failure ->
                // What can't be started gives its name back.
                remove(id).transform(removed -> Future.failedFuture(failure)));
  }

  private void replace(Name name, String id) {
    String ended = present.put(name, id);
    String older = ended == null ? null : previous.put(name, ended);
    if (older != null) {
      // Left over where that fails, until its sandbox goes.
      remove(older).otherwiseEmpty();
    }
  }

  /** Takes note that the containers of a sandbox are gone with it. */
  void forget(String sandbox) {
    present.keySet().removeIf(name -> name.sandbox.equals(sandbox));
    previous.keySet().removeIf(name -> name.sandbox.equals(sandbox));
  }

  private Future<Void> remove(String id) {
    return client
        .call(
            CriMethod.REMOVE_CONTAINER,
            RemoveContainerRequest.newBuilder().setContainerId(id).build())
        .mapEmpty();
  }
}
