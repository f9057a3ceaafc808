package io.hubspoke.controllermanager.nodes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
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
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Marks nodes that are silent for too long as unknown, and keeps the taints that their conditions
 * call for.
 *
 * <p>A node is heard of by its lease or its status, whichever changes ("Node heartbeats").
 */
public final class NodeLifecycleController implements Controller {
  private static final Resource<ObjectNode> LEASES = Resource.LEASES.tree();
  private static final String LEASE_NAMESPACE = "kube-node-lease";

  private final ApiClient client;
  private final Context context;
  private final EventRecorder events;
  private final Informer<Node> nodes;
  private final Informer<ObjectNode> leases;
  private final Duration monitorGrace;
  private final Duration startupGrace;
  private final Heartbeats heartbeats = new Heartbeats(System::nanoTime);
  private final ControlLoop<String> loop;
  private final long timer;

  /**
   * @param leases those of namespace kube-node-lease
   * @param period how often silence is looked for
   * @param monitorGrace how long a node may be silent
   * @param startupGrace how long a node may be silent that has never reported
   */
  public NodeLifecycleController(
      ApiClient client,
      Context context,
      EventRecorder events,
      Informer<Node> nodes,
      Informer<ObjectNode> leases,
      Duration period,
      Duration monitorGrace,
      Duration startupGrace) {
    this.client = client;
    this.context = context;
    this.events = events;
    this.nodes = nodes;
    this.leases = leases;
    this.monitorGrace = monitorGrace;
    this.startupGrace = startupGrace;
    this.loop = new ControlLoop<>("node-lifecycle", context, 8, this::reconcile);
    nodes.addHandler(loop.onChange(item -> item.key().name()));
    this.timer =
        context
            .owner()
            .setPeriodic(
                period.toMillis(),
                id -> {
                  for (Item<Node> item : nodes.items()) {
                    loop.add(item.key().name());
                  }
                });
  }

  @Override
  public Future<Void> stop() {
    context.owner().cancelTimer(timer);
    return loop.stop();
  }

  private Duration reconcile(String name) {
    leases.hasSynced().await();
    var node = nodes.get("", name);
    if (node == null) {
      heartbeats.forget(name);
      return Duration.ZERO;
    }
    var ready = NodeConditions.find(node, NodeConditions.READY);
    var silence =
        heartbeats.silence(
            name, ready.map(NodeCondition::getLastHeartbeatTime).orElse(null), renewal(name));
    var grace = ready.isPresent() ? monitorGrace : startupGrace;
    var present = node;
    if (!leases.isWatching() || !nodes.isWatching()) {
      heartbeats.excuse(name);
    } else if (silence.compareTo(grace) > 0 && !is(node, "Unknown") && isSilent(name, ready)) {
      present =
          client
              .updateStatus(Resource.NODES, "", name, NodeConditions.silenced(node, now()))
              .await();
    }
    NodeTaints.corrected(present, now()).ifPresent(taint(present));
    if (is(node, "True") && !is(present, "True")) {
      lost(present);
    }
    return Duration.ZERO;
  }

  /** Asks once more before a node is given up: the copy of its lease may be old. */
  private boolean isSilent(String name, Optional<NodeCondition> ready) {
    String renewal;
    try {
      // Its role lets a controller list leases, not get one.
      var asked =
          ListOptions.inNamespace(LEASE_NAMESPACE).withFieldSelector("metadata.name=" + name);
      renewal =
          client.list(LEASES, asked).await().objects().stream()
              .findFirst()
              .map(NodeLifecycleController::renewal)
              .orElse(null);
    } catch (Throwable unreachable) {
      heartbeats.excuse(name);
      throw unreachable;
    }
    if (Objects.equals(renewal, renewal(name))) {
      return true;
    }
    heartbeats.silence(name, ready.map(NodeCondition::getLastHeartbeatTime).orElse(null), renewal);
    return false;
  }

  private String renewal(String name) {
    return renewal(leases.get(LEASE_NAMESPACE, name));
  }

  private static String renewal(ObjectNode lease) {
    return lease == null ? null : lease.path("spec").path("renewTime").asText(null);
  }

  private java.util.function.Consumer<List<Taint>> taint(Node node) {
    return taints -> {
      // Names the version that the decision is made on: somebody may have tainted it meanwhile.
      var patch = Json.object();
      patch.putObject("metadata").put("resourceVersion", node.getMetadata().getResourceVersion());
      var list = patch.putObject("spec").putArray("taints");
      taints.forEach(taint -> list.add(Json.tree(taint)));
      client
          .patch(Resource.NODES, "", node.getMetadata().getName(), PatchType.MERGE, patch)
          .await();
    };
  }

  /** Tells the services in front of the node's pods that they can't be relied on. */
  private void lost(Node node) {
    var name = node.getMetadata().getName();
    events.normal(
        Regarding.of(node), "NodeNotReady", "Node " + name + " status is now: NodeNotReady");
    var pods =
        client
            .list(Resource.PODS, ListOptions.ALL.withFieldSelector("spec.nodeName=" + name))
            .await();
    for (var item : pods.items()) {
      var pod = item.object();
      if (isReady(pod)) {
        markNotReady(item.key(), pod);
      }
    }
  }

  private void markNotReady(Item.Key key, Pod pod) {
    var patch = Json.object();
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "Ready")
        .put("status", "False")
        .put("lastTransitionTime", now().toString());
    try {
      client
          .patchStatus(Resource.PODS, key.namespace(), key.name(), PatchType.STRATEGIC_MERGE, patch)
          .await();
      events.warning(Regarding.of(pod), "NodeNotReady", "Node is not ready");
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  private static boolean isReady(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getConditions() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> "Ready".equals(c.getType()) && "True".equals(c.getStatus()));
  }

  private static boolean is(Node node, String status) {
    return NodeConditions.status(node, NodeConditions.READY).equals(status);
  }

  private static Instant now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS);
  }
}
