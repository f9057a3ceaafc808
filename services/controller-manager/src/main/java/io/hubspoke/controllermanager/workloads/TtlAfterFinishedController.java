package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.DeleteOptions.Propagation;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;

/** Deletes jobs so many seconds after they have finished ("TTL mechanism for finished Jobs"). */
public final class TtlAfterFinishedController implements Controller {
  private final ApiClient client;
  private final Informer<Job> jobs;
  private final ControlLoop<Item.Key> loop;

  public TtlAfterFinishedController(ApiClient client, Context context, Informer<Job> jobs) {
    this.client = client;
    this.jobs = jobs;
    this.loop = new ControlLoop<>("ttl-after-finished", context, 2, this::reconcile);
    jobs.addHandler(loop.onChange(Item::key));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(Item.Key key) {
    var known = jobs.get(key.namespace(), key.name());
    var left = known == null ? null : left(known);
    if (left == null || left.isPositive()) {
      return left == null ? Duration.ZERO : left;
    }
    try {
      // As it is now: somebody may have given it more time.
      var job = client.get(JobController.JOBS, key.namespace(), key.name()).await();
      var metadata = job.getMetadata();
      var now = left(job);
      if (now == null || now.isPositive()) {
        return now == null ? Duration.ZERO : now;
      }
      client
          .deleteIfPresent(
              JobController.JOBS,
              key.namespace(),
              key.name(),
              new DeleteOptions(
                  -1, metadata.getUid(), metadata.getResourceVersion(), Propagation.FOREGROUND))
          .await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Duration.ZERO;
  }

  /** Returns how long the job is to be kept; null for as long as nobody deletes it. */
  private static Duration left(Job job) {
    var end = JobRules.finished(job);
    var ttl = job.getSpec().getTtlSecondsAfterFinished();
    var since = end == null ? null : PodState.time(end.getLastTransitionTime());
    if (ttl == null || since == null || job.getMetadata().getDeletionTimestamp() != null) {
      return null;
    }
    var left = Duration.between(Instant.now(), since.plusSeconds(ttl));
    return left.isNegative() ? Duration.ZERO : left;
  }
}
