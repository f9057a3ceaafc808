package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * One look at one deployment, and the next step of its rollout. What is written names the revision
 * it was worked out from, so that a cache that lags is told by a conflict.
 */
final class DeploymentSync {
  private static final Resource<ReplicaSet> SETS = ReplicaKind.REPLICA_SETS.resource();

  private final ApiClient client;
  private final EventRecorder events;
  private final Template template;
  private final Function<ReplicaSet, List<Pod>> podsOf;
  private final List<ReplicaSet> old = new ArrayList<>();
  private Deployment deployment;
  private ReplicaSet newest;

  DeploymentSync(
      ApiClient client,
      EventRecorder events,
      Deployment deployment,
      Collection<ReplicaSet> owned,
      Function<ReplicaSet, List<Pod>> podsOf) {
    this.client = client;
    this.events = events;
    this.deployment = deployment;
    this.podsOf = podsOf;
    this.template = Template.of(deployment.getSpec().getTemplate());
    for (var set : RolloutPlan.oldestFirst(owned)) {
      if (newest == null && Template.of(set.getSpec().getTemplate()).equals(template)) {
        newest = set;
      } else {
        old.add(set);
      }
    }
  }

  /** Returns when to look again though nothing may have happened; waits. */
  Duration run() {
    if (deployment.getMetadata().getDeletionTimestamp() != null) {
      return write(progress().counted());
    }
    pauseOrResume();
    if (DeploymentRules.isPaused(deployment) || RolloutPlan.isScaled(deployment, all())) {
      return scale();
    }
    return DeploymentRules.isRolling(deployment) ? roll() : recreate();
  }

  private Duration scale() {
    if (newest != null) {
      keepUp();
    }
    resize(RolloutPlan.scale(deployment, newest, old));
    if (DeploymentRules.isPaused(deployment)) {
      forgetOld();
    }
    return write(progress().counted());
  }

  private Duration roll() {
    ensureNewest();
    int size = RolloutPlan.newSize(deployment, RolloutPlan.size(newest), old);
    if (!resize(List.of(new RolloutPlan.Resize(newest, size)))
        && !resize(RolloutPlan.shrinkOld(deployment, newest, old))) {
      forgetOldOnceComplete();
    }
    return write(progress().rolling());
  }

  private Duration recreate() {
    if (newest != null) {
      keepUp();
    }
    if (resize(RolloutPlan.empty(old)) || oldPodsRun()) {
      return write(progress().rolling());
    }
    ensureNewest();
    if (!resize(List.of(new RolloutPlan.Resize(newest, DeploymentRules.replicas(deployment))))) {
      forgetOldOnceComplete();
    }
    return write(progress().rolling());
  }

  private boolean oldPodsRun() {
    return old.stream()
        .anyMatch(
            set ->
                (set.getStatus() != null
                        && ReplicaKind.number(set.getStatus().getReplicas(), 0) > 0)
                    || podsOf.apply(set).stream()
                        .anyMatch(pod -> !PodState.isSucceeded(pod) && !PodState.isFailed(pod)));
  }

  private List<ReplicaSet> all() {
    var all = new ArrayList<>(old);
    if (newest != null) {
      all.add(newest);
    }
    return all;
  }

  private DeploymentProgress progress() {
    return new DeploymentProgress(deployment, newest, old, Instant.now());
  }

  /** Says in the Progressing condition that a rollout rests, so that its deadline does too. */
  private void pauseOrResume() {
    if (DeploymentRules.progressDeadline(deployment).isEmpty()) {
      return;
    }
    var current =
        DeploymentProgress.find(
            DeploymentProgress.status(deployment), DeploymentProgress.PROGRESSING);
    var reason = current == null ? "" : current.getReason();
    boolean told = DeploymentProgress.PAUSED.equals(reason);
    if (DeploymentProgress.TIMED_OUT.equals(reason)
        || told == DeploymentRules.isPaused(deployment)) {
      return;
    }
    writeCondition(
        told
            ? progressing("Unknown", "DeploymentResumed", "Deployment is resumed")
            : progressing("Unknown", DeploymentProgress.PAUSED, "Deployment is paused"),
        Map.of());
  }

  private static DeploymentCondition progressing(String status, String reason, String message) {
    return DeploymentProgress.condition(
        DeploymentProgress.PROGRESSING, status, reason, message, Instant.now());
  }

  private void ensureNewest() {
    if (newest == null) {
      create();
    } else {
      keepUp();
    }
  }

  /** Has the set of the present template take over revision, annotations and minReadySeconds. */
  private void keepUp() {
    var present = newest.getMetadata().getAnnotations();
    var annotations =
        Revisions.ofNewest(deployment, present == null ? Map.of() : present, Revisions.next(old));
    int minReady = ReplicaKind.number(deployment.getSpec().getMinReadySeconds(), 0);
    int before = ReplicaKind.number(newest.getSpec().getMinReadySeconds(), 0);
    if (!annotations.equals(present) || minReady != before) {
      newest = patch(newest, annotations, RolloutPlan.size(newest), minReady);
    }
    adoptRevision(
        "FoundNewReplicaSet",
        "Found new replica set \"" + newest.getMetadata().getName() + "\"",
        DeploymentProgress.find(
                DeploymentProgress.status(deployment), DeploymentProgress.PROGRESSING)
            == null);
  }

  /** Gives the deployment its newest set's revision, and a condition when it is due. */
  private void adoptRevision(String reason, String message, boolean due) {
    var revision = Revisions.annotation(newest, Revisions.REVISION);
    boolean tells = due && DeploymentRules.progressDeadline(deployment).isPresent();
    if (tells || !revision.equals(Revisions.annotation(deployment, Revisions.REVISION))) {
      writeCondition(
          tells ? progressing("True", reason, message) : null,
          Map.of(Revisions.REVISION, revision));
    }
  }

  private void create() {
    var status = DeploymentProgress.status(deployment);
    var hash = template.hash(status.getCollisionCount());
    var name = deployment.getMetadata().getName() + "-" + hash;
    int size = RolloutPlan.newSize(deployment, 0, old);
    boolean existed = false;
    try {
      newest =
          client
              .create(SETS, deployment.getMetadata().getNamespace(), set(name, hash, size))
              .await();
      if (size > 0) {
        told("Scaled up replica set " + name + " from 0 to " + size);
      }
    } catch (ApiException e) {
      if (!e.reason().equals("AlreadyExists")) {
        if (!PodControl.isNamespaceTerminating(e)) {
          createFailed(name, e);
        }
        throw e;
      }
      newest = existing(name, e);
      existed = true;
    }
    adoptRevision("NewReplicaSetCreated", "Created new replica set \"" + name + "\"", !existed);
  }

  private ReplicaSet set(String name, String hash, int size) {
    var labelled = template.labelled(hash);
    return new ReplicaSetBuilder()
        .withMetadata(
            new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(deployment.getMetadata().getNamespace())
                .withLabels(labelled.getMetadata().getLabels())
                .withAnnotations(Revisions.ofNewest(deployment, Map.of(), Revisions.next(old)))
                .withOwnerReferences(ControllerReference.to(deployment))
                .build())
        .withNewSpec()
        .withReplicas(size)
        .withMinReadySeconds(deployment.getSpec().getMinReadySeconds())
        .withSelector(
            new LabelSelectorBuilder(deployment.getSpec().getSelector())
                .addToMatchLabels(Template.HASH_LABEL, hash)
                .build())
        .withTemplate(labelled)
        .endSpec()
        .build();
  }

  /** Returns the set of that name when it is ours; else another name is to be found. */
  private ReplicaSet existing(String name, ApiException refused) {
    var set = client.get(SETS, deployment.getMetadata().getNamespace(), name).await();
    if (ControllerReference.isOf(set, deployment)
        && Template.of(set.getSpec().getTemplate()).equals(template)) {
      return set;
    }
    var status = copy(DeploymentProgress.status(deployment));
    status.setCollisionCount(ReplicaKind.number(status.getCollisionCount(), 0) + 1);
    writeStatus(status, Map.of());
    throw refused;
  }

  private void createFailed(String name, ApiException failure) {
    var message = "Failed to create new replica set \"" + name + "\": " + failure.getMessage();
    if (DeploymentRules.progressDeadline(deployment).isPresent()) {
      writeCondition(progressing("False", "ReplicaSetCreateError", message), Map.of());
    }
    events.warning(Regarding.of(deployment), "ReplicaSetCreateError", message);
  }

  /** Returns whether any set was scaled; annotations are kept up to date either way. */
  private boolean resize(List<RolloutPlan.Resize> resizes) {
    boolean scaled = false;
    for (var resize : resizes) {
      var set = resize.set();
      var name = set.getMetadata().getName();
      int before = RolloutPlan.size(set);
      var annotations = new HashMap<String, String>();
      if (set.getMetadata().getAnnotations() != null) {
        annotations.putAll(set.getMetadata().getAnnotations());
      }
      annotations.putAll(Revisions.sizes(deployment));
      if (before == resize.replicas() && annotations.equals(set.getMetadata().getAnnotations())) {
        continue;
      }
      var minReady = ReplicaKind.number(set.getSpec().getMinReadySeconds(), 0);
      replace(set, patch(set, annotations, resize.replicas(), minReady));
      if (before != resize.replicas()) {
        scaled = true;
        told(
            "Scaled %s replica set %s from %d to %d"
                .formatted(
                    before < resize.replicas() ? "up" : "down", name, before, resize.replicas()));
      }
    }
    return scaled;
  }

  private void replace(ReplicaSet set, ReplicaSet changed) {
    if (set.equals(newest)) {
      newest = changed;
    } else {
      old.replaceAll(known -> known.equals(set) ? changed : known);
    }
  }

  private ReplicaSet patch(
      ReplicaSet set, Map<String, String> annotations, int replicas, int minReadySeconds) {
    var patch = Json.object();
    patch
        .putObject("metadata")
        .put("uid", set.getMetadata().getUid())
        .put("resourceVersion", set.getMetadata().getResourceVersion())
        .set("annotations", Json.tree(annotations));
    patch.putObject("spec").put("replicas", replicas).put("minReadySeconds", minReadySeconds);
    return client
        .patch(
            SETS,
            set.getMetadata().getNamespace(),
            set.getMetadata().getName(),
            PatchType.MERGE,
            patch)
        .await();
  }

  private void told(String message) {
    events.normal(Regarding.of(deployment), "ScalingReplicaSet", message);
  }

  private void forgetOldOnceComplete() {
    if (DeploymentProgress.isComplete(deployment, DeploymentProgress.status(deployment))) {
      forgetOld();
    }
  }

  private void forgetOld() {
    for (var set : RolloutPlan.forgotten(deployment, old)) {
      var metadata = set.getMetadata();
      client
          .deleteIfPresent(
              SETS,
              metadata.getNamespace(),
              metadata.getName(),
              new DeleteOptions(-1, metadata.getUid()))
          .await();
    }
  }

  private Duration write(DeploymentStatus status) {
    if (!status.equals(DeploymentProgress.status(deployment))) {
      writeStatus(status, Map.of());
    }
    return progress().untilDeadline(status);
  }

  private void writeCondition(DeploymentCondition condition, Map<String, String> annotations) {
    var status = copy(DeploymentProgress.status(deployment));
    if (condition != null) {
      DeploymentProgress.set(status, condition);
    }
    writeStatus(status, annotations);
  }

  /** Writes the status; annotations may be written with it, and nothing else. */
  private void writeStatus(DeploymentStatus status, Map<String, String> annotations) {
    var metadata = deployment.getMetadata();
    deployment =
        client
            .updateStatus(
                DeploymentController.DEPLOYMENTS,
                metadata.getNamespace(),
                metadata.getName(),
                new Deployment(
                    deployment.getApiVersion(),
                    deployment.getKind(),
                    annotations.isEmpty() ? metadata : annotated(metadata, annotations),
                    deployment.getSpec(),
                    status))
            .await();
  }

  private static ObjectMeta annotated(ObjectMeta metadata, Map<String, String> annotations) {
    return new ObjectMetaBuilder(metadata).addToAnnotations(annotations).build();
  }

  private static DeploymentStatus copy(DeploymentStatus status) {
    return Objects.requireNonNull(
        Json.convert(Json.tree(status), DeploymentStatus.class), "status");
  }
}
