package io.hubspoke.controllermanager.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.NodeStatus;
import io.hubspoke.api.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads and rewrites the conditions of a node. */
final class NodeConditions {
  static final String READY = "Ready";

  /** What only the kubelet can know; the network's state is told by others. */
  private static final List<String> KUBELETS =
      List.of(READY, "MemoryPressure", "DiskPressure", "PIDPressure");

  private NodeConditions() {}

  static Optional<NodeCondition> find(Node node, String type) {
    return list(node).stream().filter(c -> type.equals(c.getType())).findFirst();
  }

  /** Returns the status of a condition; empty when the node has none of this type. */
  static String status(Node node, String type) {
    return find(node, type).map(NodeCondition::getStatus).orElse("");
  }

  /** Returns a copy of the node whose kubelet's conditions are unknown from now on. */
  static Node silenced(Node node, Instant now) {
    var copy = Json.convert(Json.tree(node), Node.class);
    if (copy.getStatus() == null) {
      copy.setStatus(new NodeStatus());
    }
    var conditions = new ArrayList<>(list(copy));
    for (var type : KUBELETS) {
      var known = find(copy, type);
      if (known.isEmpty()) {
        conditions.add(
            new NodeCondition(
                node.getMetadata().getCreationTimestamp(),
                now.toString(),
                "Kubelet never posted node status.",
                "NodeStatusNeverUpdated",
                "Unknown",
                type));
      } else if (!"Unknown".equals(known.get().getStatus())) {
        known.get().setStatus("Unknown");
        known.get().setReason("NodeStatusUnknown");
        known.get().setMessage("Kubelet stopped posting node status.");
        known.get().setLastTransitionTime(now.toString());
      }
    }
    copy.getStatus().setConditions(conditions);
    return copy;
  }

  private static List<NodeCondition> list(Node node) {
    return node.getStatus() == null || node.getStatus().getConditions() == null
        ? List.of()
        : node.getStatus().getConditions();
  }
}
