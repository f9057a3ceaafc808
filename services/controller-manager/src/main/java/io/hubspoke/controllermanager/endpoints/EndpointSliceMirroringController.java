package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Keeps slices with what hand-made Endpoints of services without a selector say, unless they ask to
 * be let alone, so that whoever reads slices alone knows of these too.
 */
public final class EndpointSliceMirroringController implements Controller {
  static final String MANAGER = "endpointslicemirroring-controller.k8s.io";
  private static final String SKIP = "endpointslice.kubernetes.io/skip-mirror";
  private static final String LEADER = "control-plane.alpha.kubernetes.io/leader";
  private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

  /** The real one's default {@code --mirroring-max-endpoints-per-subset}. */
  private static final int MOST_ADDRESSES = 1000;

  /** The real one's default {@code --mirroring-concurrent-service-endpoint-syncs}. */
  private static final int WORKERS = 5;

  private final Informer<Service> services;
  private final Informer<Endpoints> endpoints;
  private final Informer<EndpointSlice> slices;
  private final SliceWriter writer;
  private final ControlLoop<Item.Key> loop;

  public EndpointSliceMirroringController(
      ApiClient client,
      Context context,
      Informer<Service> services,
      Informer<Endpoints> endpoints,
      Informer<EndpointSlice> slices) {
    this.services = services;
    this.endpoints = endpoints;
    this.slices = slices;
    this.loop = new ControlLoop<>("endpointslicemirroring", context, WORKERS, this::reconcile);
    this.writer = new SliceWriter(client, MANAGER, slices, loop::add);
    services.addHandler(loop.onChange(Item::key));
    endpoints.addHandler(loop.onChange(Item::key));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    Future.all(services.hasSynced(), endpoints.hasSynced(), slices.hasSynced()).await();
    var service = services.get(key.namespace(), key.name());
    var object = endpoints.get(key.namespace(), key.name());
    if (writer.isBehind(key)) {
      return SliceWriter.RECHECK;
    }
    boolean mirrored =
        service != null
            && object != null
            && ServicesByLabel.selector(service).isEmpty()
            && !"ExternalName".equals(service.getSpec().getType())
            && asksForSlices(object);
    var present = writer.slices(key);
    if (!mirrored && present.isEmpty()) {
      writer.forget(key);
      return Duration.ZERO;
    }
    var plan = mirrored ? mirror(service, object, present) : nothing(key, present);
    if (!plan.isEmpty()) {
      writer.write(key, plan, mirrored ? Instant.now() : null);
    }
    return Duration.ZERO;
  }

  private static boolean asksForSlices(Endpoints object) {
    return !"true".equals(SliceOwner.labels(object).get(SKIP))
        && !SliceOwner.annotations(object).containsKey(LEADER)
        && !EndpointsController.MANAGER.equals(
            SliceOwner.labels(object).get(EndpointsController.MANAGED_BY));
  }

  private static SlicePlan mirror(
      Service service, Endpoints object, Collection<EndpointSlice> present) {
    var wanted = new LinkedHashMap<SliceGroup, List<Endpoint>>();
    for (var subset : object.getSubsets()) {
      var ports = subset.getPorts().stream().map(EndpointSliceMirroringController::port).toList();
      var room = MOST_ADDRESSES;
      room -= add(wanted, ports, subset.getAddresses(), true, room);
      add(wanted, ports, subset.getNotReadyAddresses(), false, room);
    }
    var annotations = new HashMap<>(SliceOwner.annotations(object));
    annotations.remove(TriggerTimes.ANNOTATION);
    annotations.remove(LAST_APPLIED);
    var owner =
        SliceOwner.of(object, MANAGER, EndpointSliceController.isHeadless(service), annotations);
    return SlicePlan.of(owner, wanted, present, MOST_ADDRESSES);
  }

  private static SlicePlan nothing(Item.Key key, Collection<EndpointSlice> present) {
    var gone = new ObjectMetaBuilder();
    gone.withNamespace(key.namespace()).withName(key.name()).withUid("");
    var owner = new SliceOwner("Endpoints", gone.build(), Map.of(), Map.of());
    return SlicePlan.of(owner, Map.of(), present, MOST_ADDRESSES);
  }

  /** Adds addresses as far as there is room, and returns how many. */
  private static int add(
      Map<SliceGroup, List<Endpoint>> wanted,
      List<EndpointPort> ports,
      List<EndpointAddress> addresses,
      boolean ready,
      int room) {
    int added = Math.min(room, addresses.size());
    for (var address : addresses.subList(0, added)) {
      wanted
          .computeIfAbsent(
              SliceGroup.of(AddressFamily.of(address.getIp()), ports), k -> new ArrayList<>())
          .add(
              new EndpointBuilder()
                  .withAddresses(address.getIp())
                  .withNewConditions()
                  .withReady(ready)
                  .endConditions()
                  .withHostname(address.getHostname())
                  .withNodeName(address.getNodeName())
                  .withTargetRef(address.getTargetRef())
                  .build());
    }
    return added;
  }

  private static EndpointPort port(io.fabric8.kubernetes.api.model.EndpointPort port) {
    return new EndpointPortBuilder()
        .withName(Objects.requireNonNullElse(port.getName(), ""))
        .withPort(port.getPort())
        .withProtocol(BackendPod.protocol(port.getProtocol()))
        .withAppProtocol(port.getAppProtocol())
        .build();
  }
}
