package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hubspoke.client.scheduling.RequiredNodes;
import io.hubspoke.client.scheduling.Tolerations;
import java.util.List;
import java.util.Set;

/** Whether a node is to have a daemon. */
enum Eligibility {
  /** It is to have one. */
  RUN,
  /** It gets none, and keeps the one that it has: a taint that only keeps pods away. */
  KEEP,
  /** It is to have none. */
  NONE;

  static Eligibility of(DaemonSpec set, Node node) {
    var spec = set.podSpec();
    var fixed = spec.getNodeName();
    if ((fixed != null && !fixed.isEmpty() && !fixed.equals(node.getMetadata().getName()))
        || !RequiredNodes.include(spec, node)) {
      return NONE;
    }
    List<Taint> taints =
        node.getSpec() == null || node.getSpec().getTaints() == null
            ? List.of()
            : node.getSpec().getTaints();
    List<Toleration> tolerations = spec.getTolerations();
    if (Tolerations.untolerated(taints, Set.of(Tolerations.NO_EXECUTE), tolerations).isPresent()) {
      return NONE;
    }
    return Tolerations.untolerated(taints, Set.of(Tolerations.NO_SCHEDULE), tolerations).isPresent()
        ? KEEP
        : RUN;
  }
}
