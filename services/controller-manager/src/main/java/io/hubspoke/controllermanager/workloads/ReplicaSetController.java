package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** Keeps as many pods as a replica set, or a replication controller, asks for. */
public final class ReplicaSetController<T extends HasMetadata> implements Controller {
  private static final int WORKERS = 5;

  private final ReplicaKind<T> kind;
  private final ApiClient client;
  private final PodControl podControl;
  private final Claims<T, Pod> claims;
  private final Informer<T> sets;
  private final OwnedIndex<T> siblings;
  private final Informer<Pod> pods;
  private final OwnedIndex<Pod> podsByOwner;
  private final Expectations expectations = new Expectations();
  private final ControlLoop<Item.Key> loop;

  /**
   * Makes a controller that works as soon as the informers bring news.
   *
   * @param siblings the sets by what controls them
   */
  public ReplicaSetController(
      ReplicaKind<T> kind,
      ApiClient client,
      Context context,
      Informer<T> sets,
      OwnedIndex<T> siblings,
      Informer<Pod> pods,
      OwnedIndex<Pod> podsByOwner) {
    this.kind = kind;
    this.client = client;
    this.podControl = new PodControl(client, new EventRecorder(client, kind.controller(), ""));
    this.claims = new Claims<>(client, kind.resource(), Resource.PODS);
    this.sets = sets;
    this.siblings = siblings;
    this.pods = pods;
    this.podsByOwner = podsByOwner;
    this.loop = new ControlLoop<>(kind.resource().plural(), context, WORKERS, this::reconcile);
    sets.addHandler(loop.onChange(Item::key));
    sets.addHandler(expectations.forgetting());
    pods.addHandler(new ChildHandler<>(kind.kind(), sets, kind::selector, expectations, loop::add));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    pods.hasSynced().await();
    var set = sets.get(key.namespace(), key.name());
    if (set == null) {
      return Duration.ZERO;
    }
    var uid = set.getMetadata().getUid();
    // Asked first: what is seen from here on is in the count below.
    var waiting = expectations.left(uid);
    var candidates =
        Stream.concat(
                podsByOwner.ownedBy(key.namespace(), uid).stream(),
                podsByOwner.orphans(key.namespace()).stream())
            .filter(PodState::isActive)
            .toList();
    var active = claims.claim(set, kind.selector(set), candidates);
    Throwable failure = null;
    if (waiting.isZero() && set.getMetadata().getDeletionTimestamp() == null) {
      failure = scale(set, active);
    }
    write(set, active, failure);
    if (failure != null) {
      Future.failedFuture(failure).await();
    }
    return waiting.isZero() ? untilAvailable(set, active) : waiting;
  }

  /** Returns what went wrong; null when nothing did. */
  private Throwable scale(T set, List<Pod> active) {
    var plan = ReplicaPlan.of(kind.replicas(set), active, () -> related(set), Instant.now());
    if (plan.create() > 0) {
      return create(set, plan.create());
    }
    return plan.delete().isEmpty() ? null : delete(set, plan.delete());
  }

  private Throwable create(T set, int count) {
    var uid = set.getMetadata().getUid();
    expectations.expect(uid, count, List.of());
    var done = SlowStart.run(count, attempt -> podControl.create(kind.template(set), set));
    for (int missing = done.successes(); missing < count; missing++) {
      expectations.created(uid);
    }
    return PodControl.isNamespaceTerminating(done.failure()) ? null : done.failure();
  }

  private Throwable delete(T set, List<Pod> surplus) {
    var uid = set.getMetadata().getUid();
    expectations.expect(uid, 0, surplus.stream().map(pod -> pod.getMetadata().getUid()).toList());
    var deletions = new ArrayList<Future<Void>>();
    for (var pod : surplus) {
      deletions.add(
          podControl
              .delete(pod, set)
              .onFailure(failed -> expectations.deleted(uid, pod.getMetadata().getUid())));
    }
    Future.join(deletions).otherwiseEmpty().await();
    return deletions.stream()
        .filter(deletion -> deletion.failed() && !PodControl.isGone(deletion.cause()))
        .findFirst()
        .map(Future::cause)
        .orElse(null);
  }

  /** Returns the pods of all the sets that have this one's owner, also its own. */
  private Collection<Pod> related(T set) {
    var namespace = set.getMetadata().getNamespace();
    var uid = set.getMetadata().getUid();
    var owner = ControllerReference.of(set);
    if (owner == null) {
      return podsByOwner.ownedBy(namespace, uid);
    }
    return siblings.ownedBy(namespace, owner.getUid()).stream()
        .flatMap(sibling -> podsByOwner.ownedBy(namespace, sibling.getMetadata().getUid()).stream())
        .toList();
  }

  private void write(T set, List<Pod> active, Throwable failure) {
    var metadata = set.getMetadata();
    var old = kind.status(set);
    var status =
        ReplicaStatus.of(
            old,
            metadata.getGeneration(),
            kind.replicas(set),
            kind.minReadySeconds(set),
            kind.template(set).getMetadata().getLabels(),
            active,
            failure,
            Instant.now());
    if (status.equals(old)) {
      return;
    }
    try {
      client
          .updateStatus(
              kind.resource(),
              metadata.getNamespace(),
              metadata.getName(),
              kind.withStatus(set, status))
          .await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  private Duration untilAvailable(T set, List<Pod> active) {
    var now = Instant.now();
    return active.stream()
        .filter(PodState::isReady)
        .map(pod -> PodState.untilAvailable(pod, kind.minReadySeconds(set), now))
        .filter(Duration::isPositive)
        .min(Duration::compareTo)
        .orElse(Duration.ZERO);
  }
}
