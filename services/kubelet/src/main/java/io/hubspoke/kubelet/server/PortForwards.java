package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.streams.PortForwardServer;
import java.util.Optional;

/** Serves {@code /portForward} for a pod. */
final class PortForwards {
  private final ContainerRuntime runtime;
  private final NodePods pods;
  private final PortForwardServer server;

  PortForwards(ContainerRuntime runtime, NodePods pods, PortForwardServer server) {
    this.runtime = runtime;
    this.pods = pods;
    this.server = server;
  }

  /** Joins the client's streams with connections to the pod's ports. */
  void serve(Exchange exchange) {
    String namespace = exchange.parameter("podNamespace");
    String name = exchange.parameter("podID");
    String uid = exchange.parameter("uid");
    Optional<? extends NodePod> pod = pods.find(namespace, name);
    if (pod.isEmpty()) {
      exchange.refuse(404, "pod does not exist");
      return;
    }
    String actualUid = pod.get().pod().getMetadata().getUid();
    if (!uid.isEmpty() && !uid.equals(actualUid)) {
      exchange.refuse(404, "pod not found");
      return;
    }
    Optional<ContainerRuntime.Sandbox> sandbox = pod.get().runningSandbox();
    if (sandbox.isEmpty()) {
      exchange.refuse(500, "pod not found (\"" + name + "_" + namespace + "\")");
      return;
    }
    server
        .serve(
            exchange.request(),
            name + ", uid " + actualUid,
            port -> {
              exchange.answered(101);
              return runtime.portForward(sandbox.get(), port);
            })
        .onComplete(done -> exchange.answered(exchange.response().getStatusCode()));
  }
}
