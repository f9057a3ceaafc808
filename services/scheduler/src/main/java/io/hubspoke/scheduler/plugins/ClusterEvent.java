package io.hubspoke.scheduler.plugins;

/** What happens in a cluster that may let a pod find a node which found none before. */
public enum ClusterEvent {
  NODE_ADDED,
  NODE_DELETED,
  NODE_LABELS_CHANGED,
  NODE_TAINTS_CHANGED,
  NODE_ALLOCATABLE_CHANGED,
  POD_ASSIGNED,
  POD_DELETED,
  POD_LABELS_CHANGED,
  NAMESPACE_CHANGED
}
