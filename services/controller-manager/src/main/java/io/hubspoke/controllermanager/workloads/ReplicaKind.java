package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.ReplicationControllerStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetStatus;
import io.hubspoke.api.Json;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.client.Resource;

/** What replica sets and replication controllers have in common, and where each keeps it. */
public sealed interface ReplicaKind<T extends HasMetadata> {
  ReplicaKind<ReplicaSet> REPLICA_SETS = new ReplicaSets();
  ReplicaKind<ReplicationController> REPLICATION_CONTROLLERS = new ReplicationControllers();

  /** The kind as owner references name it. */
  String kind();

  /** The name under which events are recorded. */
  String controller();

  Resource<T> resource();

  LabelSelector selector(T set);

  int replicas(T set);

  int minReadySeconds(T set);

  PodTemplateSpec template(T set);

  /** Returns the status; an empty one when there is none. */
  ReplicaSetStatus status(T set);

  /** Returns the object with another status. */
  T withStatus(T set, ReplicaSetStatus status);

  /** Reads a number that is absent when it is the default. */
  static int number(Integer value, int absent) {
    return value == null ? absent : value;
  }

  /** Replica sets of group apps. */
  record ReplicaSets() implements ReplicaKind<ReplicaSet> {
    private static final Resource<ReplicaSet> RESOURCE =
        Resource.namespaced("apps", "v1", "replicasets", ReplicaSet.class);

    @Override
    public String kind() {
      return "ReplicaSet";
    }

    @Override
    public String controller() {
      return "replicaset-controller";
    }

    @Override
    public Resource<ReplicaSet> resource() {
      return RESOURCE;
    }

    @Override
    public LabelSelector selector(ReplicaSet set) {
      return Selectors.of(set.getSpec().getSelector());
    }

    @Override
    public int replicas(ReplicaSet set) {
      return number(set.getSpec().getReplicas(), 1);
    }

    @Override
    public int minReadySeconds(ReplicaSet set) {
      return number(set.getSpec().getMinReadySeconds(), 0);
    }

    @Override
    public PodTemplateSpec template(ReplicaSet set) {
      return set.getSpec().getTemplate();
    }

    @Override
    public ReplicaSetStatus status(ReplicaSet set) {
      return set.getStatus() == null ? new ReplicaSetStatus() : set.getStatus();
    }

    @Override
    public ReplicaSet withStatus(ReplicaSet set, ReplicaSetStatus status) {
      return new ReplicaSet(
          set.getApiVersion(), set.getKind(), set.getMetadata(), set.getSpec(), status);
    }
  }

  /** Their predecessors in the core group, whose selector is a plain map. */
  record ReplicationControllers() implements ReplicaKind<ReplicationController> {
    private static final Resource<ReplicationController> RESOURCE =
        Resource.namespaced("", "v1", "replicationcontrollers", ReplicationController.class);

    @Override
    public String kind() {
      return "ReplicationController";
    }

    @Override
    public String controller() {
      return "replication-controller";
    }

    @Override
    public Resource<ReplicationController> resource() {
      return RESOURCE;
    }

    @Override
    public LabelSelector selector(ReplicationController set) {
      return Selectors.of(
          new LabelSelectorBuilder().withMatchLabels(set.getSpec().getSelector()).build());
    }

    @Override
    public int replicas(ReplicationController set) {
      return number(set.getSpec().getReplicas(), 1);
    }

    @Override
    public int minReadySeconds(ReplicationController set) {
      return number(set.getSpec().getMinReadySeconds(), 0);
    }

    @Override
    public PodTemplateSpec template(ReplicationController set) {
      return set.getSpec().getTemplate();
    }

    @Override
    public ReplicaSetStatus status(ReplicationController set) {
      return set.getStatus() == null
          ? new ReplicaSetStatus()
          : Json.convert(Json.tree(set.getStatus()), ReplicaSetStatus.class);
    }

    @Override
    public ReplicationController withStatus(ReplicationController set, ReplicaSetStatus status) {
      return new ReplicationController(
          set.getApiVersion(),
          set.getKind(),
          set.getMetadata(),
          set.getSpec(),
          Json.convert(Json.tree(status), ReplicationControllerStatus.class));
    }
  }
}
