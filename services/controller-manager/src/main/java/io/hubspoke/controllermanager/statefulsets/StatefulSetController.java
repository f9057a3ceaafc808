package io.hubspoke.controllermanager.statefulsets;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.controllermanager.workloads.ChildHandler;
import io.hubspoke.controllermanager.workloads.Claims;
import io.hubspoke.controllermanager.workloads.Expectations;
import io.hubspoke.controllermanager.workloads.OwnedIndex;
import io.hubspoke.controllermanager.workloads.PodControl;
import io.hubspoke.controllermanager.workloads.PodState;
import io.hubspoke.controllermanager.workloads.TemplateRevisions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Sees to it that each stateful set has its pods, by name, in order and of the present template.
 * Claims are made and kept; {@code persistentVolumeClaimRetentionPolicy} is not looked at.
 */
public final class StatefulSetController implements Controller {
  public static final Resource<StatefulSet> STATEFUL_SETS =
      Resource.namespaced("apps", "v1", "statefulsets", StatefulSet.class);

  private static final Resource<PersistentVolumeClaim> CLAIMS =
      Resource.namespaced("", "v1", "persistentvolumeclaims", PersistentVolumeClaim.class);

  /** As the real one's {@code --concurrent-statefulset-syncs}. */
  private static final int WORKERS = 5;

  private final ApiClient client;
  private final EventRecorder events;
  private final Informer<StatefulSet> sets;
  private final Informer<Pod> pods;
  private final Informer<ControllerRevision> revisions;
  private final OwnedIndex<Pod> podsByOwner;
  private final Claims<StatefulSet, Pod> claims;
  private final TemplateRevisions<StatefulSet> history;
  private final Expectations expectations = new Expectations();
  private final ControlLoop<Item.Key> loop;

  public StatefulSetController(
      ApiClient client,
      Context context,
      Informer<StatefulSet> sets,
      Informer<ControllerRevision> revisions,
      OwnedIndex<ControllerRevision> revisionsByOwner,
      Informer<Pod> pods,
      OwnedIndex<Pod> podsByOwner) {
    this.client = client;
    this.events = new EventRecorder(client, "statefulset-controller", "");
    this.sets = sets;
    this.pods = pods;
    this.revisions = revisions;
    this.podsByOwner = podsByOwner;
    this.claims = new Claims<>(client, STATEFUL_SETS, Resource.PODS);
    this.history = new TemplateRevisions<>(client, STATEFUL_SETS, revisionsByOwner);
    this.loop = new ControlLoop<>("statefulset", context, WORKERS, this::reconcile);
    sets.addHandler(loop.onChange(Item::key));
    sets.addHandler(expectations.forgetting());
    pods.addHandler(
        new ChildHandler<>("StatefulSet", sets, StatefulSpec::selector, expectations, loop::add));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    Future.all(pods.hasSynced(), revisions.hasSynced()).await();
    var object = sets.get(key.namespace(), key.name());
    if (object == null || object.getMetadata().getDeletionTimestamp() != null) {
      // What it has made goes with it, by garbage collection.
      return Duration.ZERO;
    }
    var set = StatefulSpec.of(object);
    if (set.selector().isEmpty()) {
      return Duration.ZERO;
    }
    var known = history.of(set);
    var update = known.current();
    var updateName = update.getMetadata().getName();
    var before = before(set, known);
    var owned = owned(set);
    if (expectations.satisfied(set.uid())) {
      var plan = StatefulPlan.of(set, owned, updateName, Instant.now());
      carryOut(set, plan, before, update);
      if (before.equals(update)) {
        history.clean(set, known, owned);
      }
    }
    writeStatus(set, owned, before.getMetadata().getName(), updateName);
    return sooner(expectations.left(set.uid()), unripe(set, owned));
  }

  /** Returns the set's own pods, after adopting and releasing. */
  private List<Pod> owned(StatefulSpec set) {
    var candidates = new ArrayList<>(podsByOwner.ownedBy(set.namespace(), set.uid()));
    candidates.addAll(podsByOwner.orphans(set.namespace()));
    candidates.removeIf(pod -> set.ordinal(pod).isEmpty());
    return claims.claim(set.object(), set.selector(), candidates);
  }

  /** Returns the revision from before the update, the present one when there is none. */
  private static ControllerRevision before(StatefulSpec set, TemplateRevisions.History known) {
    var name = set.tree().path("status").path("currentRevision").asText();
    return known.old().stream()
        .filter(revision -> revision.getMetadata().getName().equals(name))
        .findFirst()
        .orElse(known.current());
  }

  /** Asks for what is planned; what comes of it brings the set back here. */
  private void carryOut(
      StatefulSpec set, StatefulPlan plan, ControllerRevision before, ControllerRevision update) {
    if (plan.isEmpty()) {
      return;
    }
    expectations.expect(
        set.uid(),
        plan.create().size(),
        plan.delete().stream().map(pod -> pod.getMetadata().getUid()).toList());
    var deleted = plan.delete().stream().map(pod -> delete(set, pod)).toList();
    var created =
        plan.create().stream()
            .map(
                ordinal ->
                    create(
                        set, ordinal, ordinal < set.updatedFrom() && set.rolls() ? before : update))
            .toList();
    Future.join(deleted).otherwiseEmpty().await();
    for (var one : created) {
      one.await();
    }
    for (var one : deleted) {
      one.await();
    }
  }

  private Future<Void> create(StatefulSpec set, int ordinal, ControllerRevision revision) {
    var pod = set.pod(template(revision), revision.getMetadata().getName(), ordinal);
    var name = pod.getMetadata().getName();
    return Future.all(set.claims(ordinal).stream().map(claim -> claim(set, claim)).toList())
        .compose(made -> client.create(Resource.PODS, set.namespace(), pod))
        .onSuccess(
            made ->
                events.normal(
                    Regarding.of(set.object()),
                    "SuccessfulCreate",
                    "create Pod %s in StatefulSet %s successful".formatted(name, set.name())))
        .onFailure(
            failure -> {
              expectations.created(set.uid());
              if (!PodControl.isNamespaceTerminating(failure)) {
                events.warning(
                    Regarding.of(set.object()),
                    "FailedCreate",
                    "create Pod %s in StatefulSet %s failed error: %s"
                        .formatted(name, set.name(), failure.getMessage()));
              }
            })
        .<Void>mapEmpty()
        .recover(
            failure ->
                PodControl.isNamespaceTerminating(failure)
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  /** A claim that is there already is the same one: that is what it is for. */
  private Future<Void> claim(StatefulSpec set, PersistentVolumeClaim claim) {
    return client
        .create(CLAIMS, set.namespace(), claim)
        .<Void>mapEmpty()
        .recover(
            failure ->
                failure instanceof ApiException refused && refused.reason().equals("AlreadyExists")
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  /** A revision's data is the patch that puts its template in place. */
  private static ObjectNode template(ControllerRevision revision) {
    ObjectNode template = Json.tree(revision).at("/data/spec/template").deepCopy();
    template.remove("$patch");
    return template;
  }

  private Future<Void> delete(StatefulSpec set, Pod pod) {
    var metadata = pod.getMetadata();
    return client
        .delete(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            new DeleteOptions(-1, metadata.getUid()))
        .onSuccess(
            gone ->
                events.normal(
                    Regarding.of(set.object()),
                    "SuccessfulDelete",
                    "delete Pod %s in StatefulSet %s successful"
                        .formatted(metadata.getName(), set.name())))
        .<Void>mapEmpty()
        .recover(
            failure -> {
              expectations.deleted(set.uid(), metadata.getUid());
              return PodControl.isGone(failure)
                  ? Future.succeededFuture()
                  : Future.failedFuture(failure);
            });
  }

  private void writeStatus(StatefulSpec set, List<Pod> owned, String before, String update) {
    var status = StatefulSetStatus.of(set, owned, before, update, Instant.now());
    if (status.equals(set.tree().path("status"))) {
      return;
    }
    var changed = set.tree().deepCopy();
    changed.set("status", status);
    try {
      client.updateStatus(STATEFUL_SETS.tree(), set.namespace(), set.name(), changed).await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  /** Returns when a pod that is ready will be available; zero when none is to be waited for. */
  private static Duration unripe(StatefulSpec set, List<Pod> owned) {
    var now = Instant.now();
    return owned.stream()
        .filter(PodState::isReady)
        .map(pod -> PodState.untilAvailable(pod, set.minReadySeconds(), now))
        .filter(Duration::isPositive)
        .min(Duration::compareTo)
        .orElse(Duration.ZERO);
  }

  /** Returns the sooner of two times to look again, of which zero means none. */
  private static Duration sooner(Duration one, Duration other) {
    if (one.isZero() || other.isZero()) {
      return one.isZero() ? other : one;
    }
    return one.compareTo(other) < 0 ? one : other;
  }
}
