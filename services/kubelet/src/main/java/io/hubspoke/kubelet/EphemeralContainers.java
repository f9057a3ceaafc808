package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/**
 * The containers that people add to a running pod to look into it, as {@code kubectl debug} does.
 * They are started once, never again, and the pod's phase doesn't heed them (Kubernetes
 * documentation, "Ephemeral Containers").
 */
final class EphemeralContainers {
  private static final String TARGET = "targetContainerName";

  private final BiFunction<Container, ContainerStatus, ContainerWorker> make;
  private final Map<String, ContainerStatus> known = new HashMap<>();
  private final List<ContainerWorker> workers = new CopyOnWriteArrayList<>();
  private final Set<ContainerWorker> refused = new HashSet<>();

  /**
   * Has none yet.
   *
   * @param known what was told of those that were there before
   * @param make makes the worker of one, given what was told of it or null
   */
  EphemeralContainers(
      List<ContainerStatus> known, BiFunction<Container, ContainerStatus, ContainerWorker> make) {
    this.make = make;
    known.forEach(status -> this.known.put(status.getName(), status));
  }

  /** Takes up those that were added to a pod; what was added can't be taken away again. */
  void see(Pod pod) {
    List<EphemeralContainer> wanted = pod.getSpec().getEphemeralContainers();
    for (EphemeralContainer added :
        wanted.subList(Math.min(workers.size(), wanted.size()), wanted.size())) {
      ContainerWorker worker = make.apply(container(added), known.get(added.getName()));
      if (added.getTargetContainerName() != null && !added.getTargetContainerName().isEmpty()) {
        worker.wait(
            "CreateContainerConfigError",
            "%s \"%s\" is not supported: containers don't share their processes here"
                .formatted(TARGET, added.getTargetContainerName()));
        refused.add(worker);
      }
      workers.add(worker);
    }
  }

  private static Container container(EphemeralContainer added) {
    ObjectNode fields = Json.tree(added);
    fields.remove(TARGET);
    return Json.convert(fields, Container.class);
  }

  List<ContainerWorker> all() {
    return workers;
  }

  /** Returns those that wait for the one start that they get. */
  List<ContainerWorker> unstarted() {
    return workers.stream()
        .filter(c -> c.state() instanceof ContainerState.Waiting && !refused.contains(c))
        .toList();
  }
}
