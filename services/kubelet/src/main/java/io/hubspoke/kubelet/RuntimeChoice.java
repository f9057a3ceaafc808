package io.hubspoke.kubelet;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.runtime.InProcessRuntime;
import io.hubspoke.kubelet.runtime.ListenAddresses;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.runtime.cri.CriRuntime;
import io.hubspoke.kubelet.runtime.process.ProcessRuntime;
import io.vertx.core.Vertx;

/** Makes the runtime that {@code --container-runtime-endpoint} names. */
final class RuntimeChoice {
  private RuntimeChoice() {}

  /**
   * Makes the runtime, which is not started yet.
   *
   * @throws IllegalArgumentException when it can't be had on this machine
   */
  static ContainerRuntime make(Vertx vertx, KubeletOptions options) {
    return switch (options.containerRuntimeEndpoint()) {
      case RuntimeEndpoint.InProcess inProcess ->
          new InProcessRuntime(
              vertx,
              options.nodeIp(),
              options.maxLogSize(),
              listen(options),
              options.inProcessImages());
      case RuntimeEndpoint.Processes processes ->
          new ProcessRuntime(
              vertx, options.nodeIp(), options.rootDir(), processes.images(), options.maxLogSize());
      case RuntimeEndpoint.Cri cri ->
          new CriRuntime(
              vertx,
              cri.socket(),
              new CriRuntime.Node(
                  options.nodeIp(),
                  options.rootDir(),
                  NodeStatus.MEMORY_KI << 10,
                  options.maxLogSize()));
    };
  }

  private static ListenAddresses listen(KubeletOptions options) {
    return options.podListenCidr().isEmpty()
        ? ListenAddresses.SAME
        : ListenAddresses.in(options.podListenCidr(), options.nodeIp(), options.server().address());
  }
}
