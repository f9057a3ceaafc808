package io.hubspoke.kubelet.server;

import java.util.List;
import java.util.Optional;

/** The pods of a node as its API shows them. */
public interface NodePods {

  /** Returns all that this node knows of, also those that have ended. */
  List<? extends NodePod> all();

  /** Returns the pod that came last under a name. */
  Optional<? extends NodePod> find(String namespace, String name);
}
