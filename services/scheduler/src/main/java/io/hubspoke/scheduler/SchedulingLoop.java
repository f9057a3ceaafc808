package io.hubspoke.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides pod by pod and binds. A decision runs without waiting, so no two pods get the same room;
 * the bindings behind it overlap.
 */
final class SchedulingLoop extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulingLoop.class);

  /** How many bindings are under way at a time. */
  private static final int BINDINGS = 16;

  /** Looks at what found no node again now and then, should a change have gone unnoticed. */
  private static final Duration UNSCHEDULABLE_RETRY = Duration.ofMinutes(1);

  private final SchedulerOptions options;
  private final ClusterState state = new ClusterState();
  private final Set<Item.Key> unschedulable = new HashSet<>();
  private ApiClient client;
  private EventRecorder events;
  private Informer<Node> nodes;
  private Informer<Pod> pods;
  private ControlLoop<Item.Key> loop;

  SchedulingLoop(SchedulerOptions options) {
    this.options = options;
  }

  @Override
  public Future<?> start() {
    client = new ApiClient(vertx, options.client().withUserAgent("kube-scheduler/v1.33.0"));
    events = new EventRecorder(client, options.schedulerName(), "");
    loop = new ControlLoop<>("scheduler", context, BINDINGS, this::schedule);
    nodes = new Informer<>(client, Resource.NODES, ListOptions.ALL, context);
    nodes.addHandler(new NodeNews());
    pods = new Informer<>(client, Resource.PODS, ListOptions.ALL, context);
    pods.addHandler(new PodNews());
    // Pods wait until the nodes and what runs on them are known.
    nodes.start();
    pods.start();
    return Future.succeededFuture();
  }

  @Override
  public Future<?> stop() {
    var ended = List.of(nodes.stop(), pods.stop(), loop.stop());
    return client.close().eventually(() -> Future.join(ended));
  }

  private Duration schedule(Item.Key key) {
    nodes.hasSynced().await();
    pods.hasSynced().await();
    var pod = pods.get(key.namespace(), key.name());
    if (pod == null || !isOurs(pod) || state.isPlaced(pod)) {
      unschedulable.remove(key);
      return Duration.ZERO;
    }
    return switch (Placement.of(pod, state.nodes())) {
      case Placement.Chosen(var node) -> {
        unschedulable.remove(key);
        bind(pod, node);
        yield Duration.ZERO;
      }
      case Placement.Unschedulable(var message) -> {
        unschedulable.add(key);
        report(pod, message);
        yield UNSCHEDULABLE_RETRY;
      }
    };
  }

  private boolean isOurs(Pod pod) {
    var spec = pod.getSpec();
    var name = spec.getSchedulerName() == null ? "default-scheduler" : spec.getSchedulerName();
    return (spec.getNodeName() == null || spec.getNodeName().isEmpty())
        && name.equals(options.schedulerName())
        && pod.getMetadata().getDeletionTimestamp() == null
        && (spec.getSchedulingGates() == null || spec.getSchedulingGates().isEmpty())
        && !ClusterState.hasEnded(pod);
  }

  private void bind(Pod pod, String node) {
    var metadata = pod.getMetadata();
    var binding = Json.object().put("apiVersion", "v1").put("kind", "Binding");
    binding
        .putObject("metadata")
        .put("name", metadata.getName())
        .put("namespace", metadata.getNamespace())
        .put("uid", metadata.getUid());
    binding.putObject("target").put("apiVersion", "v1").put("kind", "Node").put("name", node);
    state.place(pod, node);
    try {
      client
          .post(Resource.PODS, metadata.getNamespace(), metadata.getName(), "binding", binding)
          .await();
    } catch (Throwable failure) {
      forget(pod);
      if (failure instanceof ApiException refused && refused.code() == 404) {
        return;
      }
      // A conflict is another scheduler's binding, or a deletion; the informer will tell. All
      // else, and a conflict that the informer does not resolve, is tried again by the loop.
      throw failure;
    }
    events.normal(
        Regarding.of(pod),
        "Scheduled",
        "Successfully assigned %s/%s to %s"
            .formatted(metadata.getNamespace(), metadata.getName(), node));
  }

  /** Gives the room back, unless the informer has shown meanwhile that the pod runs somewhere. */
  private void forget(Pod pod) {
    state.remove(pod);
    var now = pods.get(pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    if (now != null && now.getMetadata().getUid().equals(pod.getMetadata().getUid())) {
      state.put(now);
    }
  }

  private void report(Pod pod, String message) {
    events.warning(Regarding.of(pod), "FailedScheduling", message);
    var known =
        pod.getStatus() != null
            && pod.getStatus().getConditions() != null
            && pod.getStatus().getConditions().stream()
                .anyMatch(
                    c ->
                        "PodScheduled".equals(c.getType())
                            && "False".equals(c.getStatus())
                            && message.equals(c.getMessage()));
    if (known) {
      return;
    }
    var patch = Json.object();
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "PodScheduled")
        .put("status", "False")
        .put("reason", "Unschedulable")
        .put("message", message)
        .putNull("lastProbeTime")
        .put("lastTransitionTime", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    var metadata = pod.getMetadata();
    try {
      client
          .patchStatus(
              Resource.PODS,
              metadata.getNamespace(),
              metadata.getName(),
              PatchType.STRATEGIC_MERGE,
              patch)
          .await();
    } catch (ApiException e) {
      // The pod is gone or changed; what matters comes by the informer.
      LOG.debug("condition of pod {}: {}", metadata.getName(), e.getMessage());
    }
  }

  /** Something changed that may make room. */
  private void retryUnschedulable() {
    unschedulable.forEach(loop::add);
  }

  private final class NodeNews implements Informer.Handler<Node> {
    @Override
    public void added(Item<Node> item) {
      state.put(item.object());
      retryUnschedulable();
    }

    @Override
    public void updated(Item<Node> before, Item<Node> now) {
      state.put(now.object());
      if (matters(before.object(), now.object())) {
        retryUnschedulable();
      }
    }

    @Override
    public void deleted(Item<Node> last) {
      state.remove(last.object());
    }

    /** Heartbeats change nothing for pods that wait. */
    private static boolean matters(Node before, Node now) {
      return !Objects.equals(before.getSpec(), now.getSpec())
          || !Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
          || !Taints.ready(before).equals(Taints.ready(now))
          || before.getStatus() == null
          || now.getStatus() == null
          || !Objects.equals(before.getStatus().getAllocatable(), now.getStatus().getAllocatable());
    }
  }

  private final class PodNews implements Informer.Handler<Pod> {
    @Override
    public void added(Item<Pod> item) {
      put(item);
    }

    @Override
    public void updated(Item<Pod> before, Item<Pod> now) {
      put(now);
      if (unschedulable.contains(now.key())
          && (!before.object().getSpec().equals(now.object().getSpec())
              || now.object().getMetadata().getDeletionTimestamp() != null)) {
        loop.add(now.key());
      }
      if (ClusterState.hasEnded(now.object()) && !ClusterState.hasEnded(before.object())) {
        retryUnschedulable();
      }
    }

    @Override
    public void deleted(Item<Pod> last) {
      state.remove(last.object());
      unschedulable.remove(last.key());
      retryUnschedulable();
    }

    private void put(Item<Pod> item) {
      state.put(item.object());
      if (isOurs(item.object()) && !unschedulable.contains(item.key())) {
        loop.add(item.key());
      }
    }
  }
}
