package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.LabelSelector;
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
import java.util.List;
import java.util.stream.Stream;

/** Rolls templates out: makes a replica set of each and shifts pods from the old to the new. */
public final class DeploymentController implements Controller {
  public static final Resource<Deployment> DEPLOYMENTS =
      Resource.namespaced("apps", "v1", "deployments", Deployment.class);

  private static final int WORKERS = 5;

  private final ApiClient client;
  private final EventRecorder events;
  private final Claims<Deployment, ReplicaSet> claims;
  private final Informer<Deployment> deployments;
  private final Informer<ReplicaSet> sets;
  private final OwnedIndex<ReplicaSet> setsByOwner;
  private final Informer<Pod> pods;
  private final OwnedIndex<Pod> podsByOwner;
  private final ControlLoop<Item.Key> loop;

  public DeploymentController(
      ApiClient client,
      Context context,
      Informer<Deployment> deployments,
      Informer<ReplicaSet> sets,
      OwnedIndex<ReplicaSet> setsByOwner,
      Informer<Pod> pods,
      OwnedIndex<Pod> podsByOwner) {
    this.client = client;
    this.events = new EventRecorder(client, "deployment-controller", "");
    this.claims = new Claims<>(client, DEPLOYMENTS, ReplicaKind.REPLICA_SETS.resource());
    this.deployments = deployments;
    this.sets = sets;
    this.setsByOwner = setsByOwner;
    this.pods = pods;
    this.podsByOwner = podsByOwner;
    this.loop = new ControlLoop<>("deployments", context, WORKERS, this::reconcile);
    deployments.addHandler(loop.onChange(Item::key));
    // What is created by its name and changed by its revision needs no expectations.
    sets.addHandler(
        new ChildHandler<>(
            "Deployment",
            deployments,
            DeploymentController::selector,
            new Expectations(),
            loop::add));
    pods.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<Pod> item) {
            // Its replica set's status tells of it.
          }

          @Override
          public void updated(Item<Pod> before, Item<Pod> now) {
            if (!PodState.phase(before.object()).equals(PodState.phase(now.object()))) {
              ended(now);
            }
          }

          @Override
          public void deleted(Item<Pod> last) {
            ended(last);
          }
        });
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private static LabelSelector selector(Deployment deployment) {
    return Selectors.of(deployment.getSpec().getSelector());
  }

  /** One that recreates its pods waits for the end of the old ones. */
  private void ended(Item<Pod> pod) {
    var owner = ControllerReference.of(pod.object());
    if (owner == null || !owner.getKind().equals("ReplicaSet")) {
      return;
    }
    var set = sets.get(pod.key().namespace(), owner.getName());
    var above = set == null ? null : ControllerReference.of(set);
    var deployment = above == null ? null : deployments.get(pod.key().namespace(), above.getName());
    if (deployment != null && !DeploymentRules.isRolling(deployment)) {
      loop.add(new Item.Key(pod.key().namespace(), above.getName()));
    }
  }

  private Duration reconcile(Item.Key key) {
    sets.hasSynced().await();
    pods.hasSynced().await();
    var deployment = deployments.get(key.namespace(), key.name());
    if (deployment == null) {
      return Duration.ZERO;
    }
    var candidates =
        Stream.concat(
                setsByOwner.ownedBy(key.namespace(), deployment.getMetadata().getUid()).stream(),
                setsByOwner.orphans(key.namespace()).stream())
            .toList();
    var owned = claims.claim(deployment, selector(deployment), candidates);
    try {
      return new DeploymentSync(client, events, deployment, owned, this::podsOf).run();
    } catch (ApiException e) {
      if (e.code() == 404 || PodControl.isNamespaceTerminating(e)) {
        // The deployment or one of its sets is gone, which the informers will tell of.
        return Duration.ZERO;
      }
      throw e;
    }
  }

  private List<Pod> podsOf(ReplicaSet set) {
    return podsByOwner.ownedBy(set.getMetadata().getNamespace(), set.getMetadata().getUid());
  }
}
