package io.hubspoke.scheduler.plugins;

import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;

/** One rule's view of one pod, for as long as it takes to decide. */
@FunctionalInterface
public interface NodeFilter {
  /** Returns why a node is not for the pod, or null. */
  Refusal refusal(NodeInfo node);

  /** Supposes that another pod runs on a node besides what was there at first. */
  default void added(PodInfo other, NodeInfo node) {}

  /** Supposes that another pod runs on a node no more. */
  default void removed(PodInfo other, NodeInfo node) {}
}
