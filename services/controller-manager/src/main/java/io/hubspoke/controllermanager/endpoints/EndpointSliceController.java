package io.hubspoke.controllermanager.endpoints;

import io.fabric8.kubernetes.api.model.Node;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Keeps, for every service with a selector, slices with the pods that it selects. */
public final class EndpointSliceController implements Controller {
  static final String MANAGER = "endpointslice-controller.k8s.io";

  /** The real one's default {@code --max-endpoints-per-slice}. */
  private static final int MOST_ENDPOINTS = 100;

  /** The real one's default {@code --concurrent-service-endpoint-syncs}. */
  private static final int WORKERS = 5;

  private static final String ZONE = "topology.kubernetes.io/zone";

  /** A pod may be known before its node is; the node's coming asks again anyway. */
  private static final Duration NODE_RECHECK = Duration.ofSeconds(10);

  private final Backends backends;
  private final Informer<Node> nodes;
  private final Informer<EndpointSlice> slices;
  private final SliceWriter writer;
  private final TriggerTimes triggers = new TriggerTimes();
  private final ControlLoop<Item.Key> loop;

  public EndpointSliceController(
      ApiClient client,
      Context context,
      Backends backends,
      Informer<Node> nodes,
      Informer<EndpointSlice> slices) {
    this.backends = backends;
    this.nodes = nodes;
    this.slices = slices;
    this.loop = new ControlLoop<>("endpointslice", context, WORKERS, this::reconcile);
    this.writer = new SliceWriter(client, MANAGER, slices, loop::add);
    backends.onChange(loop::add);
    nodes.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<Node> item) {
            backends.nodeChanged(item.key().name());
          }

          @Override
          public void updated(Item<Node> before, Item<Node> now) {
            if (!Objects.equals(zone(before.object()), zone(now.object()))) {
              backends.nodeChanged(now.key().name());
            }
          }

          @Override
          public void deleted(Item<Node> last) {
            backends.nodeChanged(last.key().name());
          }
        });
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    Future.all(backends.hasSynced(), nodes.hasSynced(), slices.hasSynced()).await();
    var service = backends.service(key);
    if (service == null) {
      // Its slices are collected with it, as their owner.
      writer.forget(key);
      triggers.forget(key);
      return Duration.ZERO;
    }
    // What a service without a selector has is kept by hand; so is what it had while it had one.
    if (ServicesByLabel.selector(service).isEmpty()
        || "ExternalName".equals(service.getSpec().getType())) {
      return Duration.ZERO;
    }
    if (writer.isBehind(key)) {
      return SliceWriter.RECHECK;
    }
    var pods = backends.pods(service);
    var wanted = new LinkedHashMap<SliceGroup, List<Endpoint>>();
    boolean nodeMissing = false;
    for (var pod : pods) {
      var node = pod.node() == null ? null : nodes.get("", pod.node());
      if (node == null && !publishesUnready(service)) {
        nodeMissing = true;
      } else {
        place(wanted, service, pod, node);
      }
    }
    for (var family : AddressFamily.of(service)) {
      if (wanted.keySet().stream().noneMatch(group -> group.family() == family)) {
        wanted.put(SliceGroup.of(family, List.of()), List.of());
      }
    }
    var trigger = triggers.next(key, service, pods);
    var owner = SliceOwner.of(service, MANAGER, isHeadless(service), Map.of());
    var plan = SlicePlan.of(owner, wanted, writer.slices(key), MOST_ENDPOINTS);
    if (service.getMetadata().getDeletionTimestamp() != null) {
      // The collector deletes what this would make.
      plan.create().clear();
    }
    writer.write(key, plan, trigger);
    return nodeMissing ? NODE_RECHECK : Duration.ZERO;
  }

  private static void place(
      Map<SliceGroup, List<Endpoint>> wanted, Service service, BackendPod pod, Node node) {
    var ports = ports(service, pod);
    for (var family : AddressFamily.of(service)) {
      var addresses = pod.addresses(family);
      if (!addresses.isEmpty()) {
        wanted
            .computeIfAbsent(SliceGroup.of(family, ports), k -> new ArrayList<>())
            .add(endpoint(service, pod, node, addresses));
      }
    }
  }

  private static Endpoint endpoint(
      Service service, BackendPod pod, Node node, List<String> addresses) {
    boolean serving = pod.isReady();
    boolean terminating = pod.isTerminating();
    boolean ready = publishesUnready(service) || (serving && !terminating);
    var zone = node == null ? null : zone(node);
    var endpoint =
        new EndpointBuilder()
            .withAddresses(addresses)
            .withNewConditions()
            .withReady(ready)
            .withServing(serving)
            .withTerminating(terminating)
            .endConditions()
            .withHostname(pod.hostname(service))
            .withNodeName(pod.node())
            .withZone(zone)
            .withTargetRef(pod.reference());
    // The only distribution there is in Kubernetes 1.33.
    if ("PreferClose".equals(service.getSpec().getTrafficDistribution()) && ready && zone != null) {
      endpoint.withNewHints().addNewForZone(zone).endHints();
    }
    return endpoint.build();
  }

  /** Returns the ports of a service as one pod has them; the pod may lack some. */
  private static List<EndpointPort> ports(Service service, BackendPod pod) {
    var ports = new ArrayList<EndpointPort>();
    for (var port : service.getSpec().getPorts()) {
      pod.port(port)
          .ifPresent(
              number ->
                  ports.add(
                      new EndpointPortBuilder()
                          .withName(Objects.requireNonNullElse(port.getName(), ""))
                          .withPort(number)
                          .withProtocol(BackendPod.protocol(port.getProtocol()))
                          .withAppProtocol(port.getAppProtocol())
                          .build()));
    }
    return ports;
  }

  static boolean publishesUnready(Service service) {
    return Boolean.TRUE.equals(service.getSpec().getPublishNotReadyAddresses());
  }

  /** Returns whether a service has no address of its own. */
  static boolean isHeadless(Service service) {
    var address = service.getSpec().getClusterIP();
    return address == null || address.isEmpty() || address.equals("None");
  }

  private static String zone(Node node) {
    var zone = SliceOwner.labels(node).get(ZONE);
    return zone == null || zone.isEmpty() ? null : zone;
  }
}
