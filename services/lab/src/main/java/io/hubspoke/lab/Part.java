package io.hubspoke.lab;

import io.hubspoke.apiserver.Apiserver;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.konnectivity.agent.KonnectivityAgent;
import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.konnectivity.server.KonnectivityServer;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.kubelet.Kubelet;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.scheduler.Scheduler;
import io.hubspoke.scheduler.SchedulerOptions;
import io.hubspoke.sshd.Sshd;
import io.hubspoke.sshd.SshdOptions;
import io.vertx.core.Deployable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A component of a mesh: on which machine it belongs, what runs it in this JVM, and the command
 * that runs it as a process with the same options.
 *
 * @param place one of {@link Place}, or a node's name
 * @param command the subcommand of {@code hubspoke} and its flags
 * @param serves where it accepts connections once it has started; empty where nobody waits for that
 */
record Part(
    String place,
    Supplier<Deployable> verticle,
    Supplier<List<String>> command,
    Optional<InetSocketAddress> serves) {

  Part(String place, Supplier<Deployable> verticle, Supplier<List<String>> command) {
    this(place, verticle, command, Optional.empty());
  }

  /** An apiserver; as a process it keeps its objects itself and goes by the system's clock. */
  static Part of(ApiserverOptions options, Store store, Clock clock) {
    return new Part(
        Place.CONTROL_PLANE,
        () -> new Apiserver(options, store, clock),
        () -> CommandLines.apiserver(options),
        Optional.of(
            new InetSocketAddress(
                InetAddress.ofLiteral(options.serving().bindAddress()),
                options.serving().securePort())));
  }

  static Part of(ControllerManagerOptions options, ControllerManager verticle) {
    return new Part(
        Place.CONTROLLER_MANAGER, () -> verticle, () -> CommandLines.controllerManager(options));
  }

  static Part of(SchedulerOptions options, Scheduler verticle) {
    return new Part(Place.SCHEDULER, () -> verticle, () -> CommandLines.scheduler(options));
  }

  static Part of(KubeletOptions options) {
    return new Part(
        options.nodeName(), () -> new Kubelet(options), () -> CommandLines.kubelet(options));
  }

  /** A kube-proxy on its host. */
  static Part of(KubeProxyOptions options, Supplier<Deployable> verticle) {
    return new Part(options.nodeName(), verticle, () -> CommandLines.kubeProxy(options));
  }

  static Part of(String node, SshdOptions options) {
    return new Part(node, () -> new Sshd(options), () -> CommandLines.sshd(options));
  }

  static Part of(KonnectivityServerOptions options) {
    return new Part(
        Place.CONTROL_PLANE,
        () -> new KonnectivityServer(options),
        () -> CommandLines.proxyServer(options));
  }

  static Part of(String node, KonnectivityAgentOptions options) {
    return new Part(
        node, () -> new KonnectivityAgent(options), () -> CommandLines.proxyAgent(options));
  }
}
