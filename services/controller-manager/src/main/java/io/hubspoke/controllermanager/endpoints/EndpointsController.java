package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.EndpointsBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Keeps, for every service with a selector, the older Endpoints object of the same name. */
public final class EndpointsController implements Controller {
  static final String MANAGED_BY = "endpoints.kubernetes.io/managed-by";
  static final String MANAGER = "endpoint-controller";
  private static final String OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

  /** The real one's default {@code --concurrent-endpoint-syncs}. */
  private static final int WORKERS = 5;

  private final ApiClient client;
  private final Backends backends;
  private final Informer<Endpoints> endpoints;
  private final TriggerTimes triggers = new TriggerTimes();
  private final ControlLoop<Item.Key> loop;

  /** Services whose end was seen: what they had goes with them, whoever made it. */
  private final Set<Item.Key> ended = new HashSet<>();

  public EndpointsController(
      ApiClient client, Context context, Backends backends, Informer<Endpoints> endpoints) {
    this.client = client;
    this.backends = backends;
    this.endpoints = endpoints;
    this.loop = new ControlLoop<>("endpoint", context, WORKERS, this::reconcile);
    backends.onChange(
        service -> {
          if (backends.service(service) == null) {
            ended.add(service);
          }
          loop.add(service);
        });
    endpoints.addHandler(loop.onChange(Item::key));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    Future.all(backends.hasSynced(), endpoints.hasSynced()).await();
    var service = backends.service(key);
    var present = endpoints.get(key.namespace(), key.name());
    if (service == null) {
      boolean seen = ended.remove(key);
      triggers.forget(key);
      if (present != null && (seen || isOwn(present))) {
        client
            .deleteIfPresent(
                Resource.ENDPOINTS,
                key.namespace(),
                key.name(),
                DeleteOptions.now(present.getMetadata().getUid()))
            .await();
      }
      return Duration.ZERO;
    }
    ended.remove(key);
    if (!ServicesByLabel.selector(service).isEmpty()
        && !"ExternalName".equals(service.getSpec().getType())) {
      keep(key, service, present);
    }
    return Duration.ZERO;
  }

  private void keep(Item.Key key, Service service, Endpoints present) {
    var pods = backends.pods(service);
    var trigger = triggers.next(key, service, pods);
    var all = Subsets.of(service, pods);
    var subsets = Subsets.truncated(all);
    var labels = new HashMap<>(SliceOwner.labels(service));
    labels.remove(SliceOwner.HEADLESS);
    if (EndpointSliceController.isHeadless(service)) {
      labels.put(SliceOwner.HEADLESS, "");
    }
    labels.put(MANAGED_BY, MANAGER);
    boolean over = Subsets.size(all) > Subsets.CAPACITY;
    if (present != null
        && subsets.equals(present.getSubsets())
        && labels.equals(SliceOwner.labels(present))
        && over == SliceOwner.annotations(present).containsKey(OVER_CAPACITY)) {
      return;
    }
    var annotations =
        new HashMap<>(present == null ? Map.<String, String>of() : SliceOwner.annotations(present));
    TriggerTimes.annotate(annotations, trigger);
    annotations.remove(OVER_CAPACITY);
    if (over) {
      annotations.put(OVER_CAPACITY, "truncated");
    }
    var wanted =
        (present == null
                ? new EndpointsBuilder()
                    .withNewMetadata()
                    .withNamespace(key.namespace())
                    .withName(key.name())
                    .endMetadata()
                : new EndpointsBuilder(present))
            .editMetadata()
            .withLabels(labels)
            .withAnnotations(annotations)
            .endMetadata()
            .withSubsets(subsets)
            .build();
    try {
      // By the state that was seen: a copy that lags behind is refused, and comes again.
      (present == null
              ? client.create(Resource.ENDPOINTS, key.namespace(), wanted)
              : client.update(Resource.ENDPOINTS, key.namespace(), key.name(), wanted))
          .await();
    } catch (ApiException e) {
      if (!SliceWriter.namespaceEnds(e)) {
        throw e;
      }
    }
  }

  private static boolean isOwn(Endpoints endpoints) {
    return MANAGER.equals(SliceOwner.labels(endpoints).get(MANAGED_BY));
  }
}
