package io.hubspoke.controllermanager.daemonsets;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;

/**
 * What is to be done next for a daemon set.
 *
 * @param create names of the nodes that get a pod of the present template
 */
record Plan(List<Pod> delete, List<String> create) {
  Plan {
    delete = List.copyOf(delete);
    create = List.copyOf(create);
  }

  boolean isEmpty() {
    return delete.isEmpty() && create.isEmpty();
  }
}
