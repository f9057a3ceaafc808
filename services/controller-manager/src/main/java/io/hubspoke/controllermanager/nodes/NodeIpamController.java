package io.hubspoke.controllermanager.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Informer;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;

/** Gives each node that has none a range for its pods ({@code --allocate-node-cidrs}). */
public final class NodeIpamController implements Controller {
  private static final Duration RETRY = Duration.ofSeconds(30);

  private final ApiClient client;
  private final EventRecorder events;
  private final Informer<Node> nodes;
  private final NodeRanges ranges;
  private final ControlLoop<String> loop;
  private boolean looked;

  public NodeIpamController(
      ApiClient client,
      Context context,
      EventRecorder events,
      Informer<Node> nodes,
      NodeRanges ranges) {
    this.client = client;
    this.events = events;
    this.nodes = nodes;
    this.ranges = ranges;
    // One at a time: what is given to one node is not free for the next.
    this.loop = new ControlLoop<>("node_ipam_controller", context, 1, this::reconcile);
    nodes.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String name) {
    if (!looked) {
      // Before anything is given away, everybody keeps what he has.
      nodes.hasSynced().await();
      nodes.items().forEach(item -> occupied(item.object()));
      looked = true;
    }
    var node = nodes.get("", name);
    if (node == null) {
      ranges.release(name);
      return Duration.ZERO;
    }
    if (occupied(node)) {
      return Duration.ZERO;
    }
    var range = ranges.assign(name);
    if (range.isEmpty()) {
      events.normal(
          EventRecorder.Regarding.of(node),
          "CIDRNotAvailable",
          "Node %s status is now: CIDRNotAvailable".formatted(name));
      return RETRY;
    }
    var patch = Json.object();
    var spec = patch.putObject("spec").put("podCIDR", range.get());
    spec.putArray("podCIDRs").add(range.get());
    client.patch(Resource.NODES, "", name, PatchType.MERGE, patch).await();
    return Duration.ZERO;
  }

  private boolean occupied(Node node) {
    var range = node.getSpec() == null ? null : node.getSpec().getPodCIDR();
    if (range == null || range.isEmpty()) {
      return false;
    }
    ranges.occupied(node.getMetadata().getName(), range);
    return true;
  }
}
