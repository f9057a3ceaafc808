package io.hubspoke.kubeproxy;

import io.hubspoke.kubeproxy.nftables.NftablesOptions;
import io.hubspoke.kubeproxy.nftables.NftablesProxier;
import io.hubspoke.kubeproxy.userspace.ServiceListeners;
import io.hubspoke.kubeproxy.userspace.UserspaceProxier;
import io.vertx.core.Future;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ways of forwarding that there are, by mode. */
public final class Proxiers implements ProxierFactory {
  private static final Logger LOG = LoggerFactory.getLogger(Proxiers.class);

  private final Supplier<ServiceListeners> listeners;

  private Proxiers(Supplier<ServiceListeners> listeners) {
    this.listeners = listeners;
  }

  /** Those of a kube-proxy that has its network namespace to itself. */
  public static Proxiers standard() {
    return new Proxiers(ServiceListeners::create);
  }

  /** Those of a kube-proxy that, if it forwards itself, listens with these. */
  public static Proxiers listening(Supplier<ServiceListeners> listeners) {
    return new Proxiers(listeners);
  }

  @Override
  public Future<Proxier> create(Surroundings surroundings) {
    return switch (surroundings.options().mode()) {
      case USERSPACE -> Future.succeededFuture(userspace(surroundings));
      case NFTABLES -> Future.succeededFuture(new NftablesProxier(surroundings));
      case AUTO -> whatThereIs(surroundings);
    };
  }

  private Future<Proxier> whatThereIs(Surroundings surroundings) {
    return surroundings
        .vertx()
        .executeBlocking(() -> NftablesProxier.hindrance(NftablesOptions.DEFAULTS))
        .map(
            hindrance -> {
              if (hindrance.isEmpty()) {
                return new NftablesProxier(surroundings);
              }
              LOG.warn(
                  "the mode is userspace, since there is no packet filter: {}", hindrance.get());
              return userspace(surroundings);
            });
  }

  private Proxier userspace(Surroundings surroundings) {
    return new UserspaceProxier(surroundings, listeners.get());
  }
}
