package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.client.Backoff;
import io.hubspoke.kubeproxy.ProxierFactory.Surroundings;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.vertx.core.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The addresses that are listened on. One that cannot be bound is told of once and tried again
 * after a growing time; it holds up no other.
 */
final class BoundAddresses {
  private static final Duration FIRST_RETRY = Duration.ofMillis(500);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  private final Surroundings surroundings;
  private final ServiceListeners listeners;
  private final BiConsumer<InetSocketAddress, ClientConnection> acceptor;
  private final Map<InetSocketAddress, Binding> bindings = new HashMap<>();

  /** An address from when it is wanted until it isn't. */
  private static final class Binding {
    private final ServicePortName service;
    private final Backoff backoff = new Backoff(FIRST_RETRY, LONGEST_RETRY);
    private Future<ServiceListeners.Listening> attempt;
    private long retry = -1;
    private boolean told;
    private boolean unwanted;

    Binding(ServicePortName service) {
      this.service = service;
    }
  }

  BoundAddresses(
      Surroundings surroundings,
      ServiceListeners listeners,
      BiConsumer<InetSocketAddress, ClientConnection> acceptor) {
    this.surroundings = surroundings;
    this.listeners = listeners;
    this.acceptor = acceptor;
  }

  /**
   * Listens on these addresses and no others; completes when each was tried once.
   *
   * @param wanted with the service that is told of when it cannot be bound
   */
  Future<Void> become(Map<InetSocketAddress, ServicePortName> wanted) {
    var work = new ArrayList<Future<?>>();
    synchronized (bindings) {
      for (var address : new ArrayList<>(bindings.keySet())) {
        if (!wanted.containsKey(address)) {
          work.add(unbind(bindings.remove(address)));
        }
      }
      wanted.forEach(
          (address, service) -> {
            if (!bindings.containsKey(address)) {
              var binding = new Binding(service);
              bindings.put(address, binding);
              work.add(bind(address, binding));
            }
          });
    }
    return Future.join(work).otherwiseEmpty().mapEmpty();
  }

  Future<Void> stop() {
    return become(Map.of());
  }

  private Future<?> bind(InetSocketAddress address, Binding binding) {
    binding.attempt = listeners.listen(address, connection -> acceptor.accept(address, connection));
    return binding.attempt.onFailure(failure -> failed(address, binding, failure));
  }

  private void failed(InetSocketAddress address, Binding binding, Throwable failure) {
    synchronized (bindings) {
      if (binding.unwanted) {
        return;
      }
      var wait = binding.backoff.next();
      if (!binding.told) {
        binding.told = true;
        surroundings
            .warnings()
            .warn(
                binding.service,
                "FailedToBind",
                "%s:%d cannot be listened on: %s; it is tried again now and then"
                    .formatted(
                        address.getAddress().getHostAddress(), address.getPort(), reason(failure)));
      }
      binding.retry = surroundings.vertx().setTimer(wait.toMillis(), id -> again(address, binding));
    }
  }

  private void again(InetSocketAddress address, Binding binding) {
    synchronized (bindings) {
      if (!binding.unwanted) {
        bind(address, binding);
      }
    }
  }

  private Future<?> unbind(Binding binding) {
    binding.unwanted = true;
    surroundings.vertx().cancelTimer(binding.retry);
    // One that is under way is waited for, so that the address is free when this is done.
    return binding.attempt.compose(ServiceListeners.Listening::close);
  }

  private static String reason(Throwable failure) {
    return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
  }
}
