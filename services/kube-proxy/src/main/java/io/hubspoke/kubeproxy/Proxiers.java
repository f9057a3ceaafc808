package io.hubspoke.kubeproxy;

import io.hubspoke.kubeproxy.userspace.ServiceListeners;
import io.hubspoke.kubeproxy.userspace.SocketListeners;
import io.hubspoke.kubeproxy.userspace.UserspaceProxier;
import io.vertx.core.Future;
import java.util.function.Supplier;

/** The ways of forwarding that there are, by mode. */
public final class Proxiers implements ProxierFactory {
  private final Supplier<ServiceListeners> listeners;

  private Proxiers(Supplier<ServiceListeners> listeners) {
    this.listeners = listeners;
  }

  /** Those of a kube-proxy that has its network namespace to itself. */
  public static Proxiers standard() {
    return new Proxiers(SocketListeners::create);
  }

  /** Those of a kube-proxy that, if it forwards itself, listens with these. */
  public static Proxiers listening(Supplier<ServiceListeners> listeners) {
    return new Proxiers(listeners);
  }

  @Override
  public Future<Proxier> create(Surroundings surroundings) {
    return switch (surroundings.options().mode()) {
      case AUTO, USERSPACE -> Future.succeededFuture(userspace(surroundings));
      case NFTABLES -> Future.failedFuture("the mode nftables cannot be had on this machine");
    };
  }

  private Proxier userspace(Surroundings surroundings) {
    return new UserspaceProxier(surroundings, listeners.get());
  }
}
