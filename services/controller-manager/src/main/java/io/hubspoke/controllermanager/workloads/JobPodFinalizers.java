package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;

/**
 * Takes the finalizer off pods that their job has counted, and off those whose job is gone, which
 * nobody counts any more.
 */
final class JobPodFinalizers implements Informer.Handler<Pod> {
  private final ApiClient client;
  private final Informer<Job> jobs;
  private final Informer<Pod> pods;
  private final Expectations removals = new Expectations();
  private final ControlLoop<Item.Key> orphans;

  JobPodFinalizers(ApiClient client, Context context, Informer<Job> jobs, Informer<Pod> pods) {
    this.client = client;
    this.jobs = jobs;
    this.pods = pods;
    this.orphans = new ControlLoop<>("orphaned-job-pods", context, 2, this::reconcile);
  }

  Future<Void> stop() {
    return orphans.stop();
  }

  /** Returns whether the pod still waits to be counted: the informer may not know yet. */
  boolean isHeld(Pod pod, HasMetadata job) {
    return JobRules.isTracked(pod)
        && !removals.expectsDeletion(job.getMetadata().getUid(), pod.getMetadata().getUid());
  }

  /** Lets go of a pod; one that is gone is as good. */
  Future<Void> remove(Pod pod, HasMetadata job) {
    var owner = job.getMetadata().getUid();
    var uid = pod.getMetadata().getUid();
    removals.expectDeletion(owner, uid);
    return remove(pod)
        .onFailure(e -> removals.deleted(owner, uid))
        .recover(e -> PodControl.isGone(e) ? Future.succeededFuture() : Future.failedFuture(e));
  }

  private Future<Void> remove(Pod pod) {
    var metadata = pod.getMetadata();
    var patch = Json.object();
    patch
        .putObject("metadata")
        .put("uid", metadata.getUid())
        .putArray("$deleteFromPrimitiveList/finalizers")
        .add(JobRules.FINALIZER);
    return client
        .patch(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            PatchType.STRATEGIC_MERGE,
            patch)
        .mapEmpty();
  }

  /** Looks after the pods of a job that is gone. */
  void abandoned(String job, Iterable<Pod> itsPods) {
    removals.forget(job);
    itsPods.forEach(this::offer);
  }

  @Override
  public void added(Item<Pod> item) {
    offer(item.object());
  }

  @Override
  public void updated(Item<Pod> before, Item<Pod> now) {
    if (JobRules.isTracked(before.object()) && !JobRules.isTracked(now.object())) {
      deleted(before);
    }
    offer(now.object());
  }

  @Override
  public void deleted(Item<Pod> last) {
    var owner = ControllerReference.of(last.object());
    if (owner != null) {
      removals.deleted(owner.getUid(), last.uid());
    }
  }

  private void offer(Pod pod) {
    if (JobRules.isTracked(pod) && !hasKnownJob(pod)) {
      var metadata = pod.getMetadata();
      orphans.add(new Item.Key(metadata.getNamespace(), metadata.getName()));
    }
  }

  private boolean hasKnownJob(Pod pod) {
    var owner = ControllerReference.of(pod);
    var job = owner == null ? null : jobs.get(pod.getMetadata().getNamespace(), owner.getName());
    return job != null && job.getMetadata().getUid().equals(owner.getUid());
  }

  private Duration reconcile(Item.Key key) {
    jobs.hasSynced().await();
    var pod = pods.get(key.namespace(), key.name());
    if (pod == null || !JobRules.isTracked(pod) || hasKnownJob(pod) || hasJob(pod)) {
      return Duration.ZERO;
    }
    remove(pod)
        .recover(e -> PodControl.isGone(e) ? Future.succeededFuture() : Future.failedFuture(e))
        .await();
    return Duration.ZERO;
  }

  /** Asks the apiserver itself: the informer of jobs may be behind that of pods. */
  private boolean hasJob(Pod pod) {
    var owner = ControllerReference.of(pod);
    if (owner == null || !owner.getKind().equals("Job")) {
      return false;
    }
    try {
      return client
          .get(JobController.JOBS, pod.getMetadata().getNamespace(), owner.getName())
          .await()
          .getMetadata()
          .getUid()
          .equals(owner.getUid());
    } catch (ApiException e) {
      if (e.code() == 404) {
        return false;
      }
      throw e;
    }
  }
}
