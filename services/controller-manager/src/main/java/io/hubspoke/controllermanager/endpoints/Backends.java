package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Knows which pods are behind which service, and tells which services a change concerns. A pod's
 * change costs as much as it has labels, however many services and pods there are.
 */
public final class Backends {
  private final Informer<Service> services;
  private final Informer<Pod> pods;
  private final ServicesByLabel servicesByLabel = new ServicesByLabel();
  private final PodsByLabel podsByLabel;
  private final List<Consumer<Item.Key>> listeners = new ArrayList<>();

  public Backends(Informer<Service> services, Informer<Pod> pods) {
    this.services = services;
    this.pods = pods;
    this.podsByLabel = new PodsByLabel(pods);
    services.addHandler(servicesByLabel);
    services.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<Service> item) {
            tell(item.key());
          }

          @Override
          public void updated(Item<Service> before, Item<Service> now) {
            tell(now.key());
          }

          @Override
          public void deleted(Item<Service> last) {
            tell(last.key());
          }
        });
    pods.addHandler(podsByLabel);
    pods.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<Pod> item) {
            changed(item);
          }

          @Override
          public void updated(Item<Pod> before, Item<Pod> now) {
            if (!new BackendPod(before.object())
                .state()
                .equals(new BackendPod(now.object()).state())) {
              changed(before);
              changed(now);
            }
          }

          @Override
          public void deleted(Item<Pod> last) {
            changed(last);
          }
        });
  }

  /** Adds who is told the name of each service that has changed or whose pods have. */
  void onChange(Consumer<Item.Key> listener) {
    listeners.add(listener);
  }

  /** Completes once everything is known. */
  Future<?> hasSynced() {
    return Future.all(services.hasSynced(), pods.hasSynced());
  }

  /** Returns a service; null when there is none of the name. */
  Service service(Item.Key key) {
    return services.get(key.namespace(), key.name());
  }

  /** Returns the pods that a service selects, but those that have ended or have no address yet. */
  List<BackendPod> pods(Service service) {
    return podsByLabel
        .selected(service.getMetadata().getNamespace(), ServicesByLabel.selector(service))
        .stream()
        .map(BackendPod::new)
        .filter(pod -> !pod.hasEnded() && !pod.addresses().isEmpty())
        .toList();
  }

  /** Tells of every service that has a pod on this node. */
  void nodeChanged(String node) {
    for (var pod : pods.items()) {
      if (node.equals(pod.object().getSpec().getNodeName())) {
        changed(pod);
      }
    }
  }

  private void changed(Item<Pod> pod) {
    servicesByLabel
        .selecting(pod.key().namespace(), PodsByLabel.labels(pod.object()))
        .forEach(this::tell);
  }

  private void tell(Item.Key service) {
    listeners.forEach(listener -> listener.accept(service));
  }
}
