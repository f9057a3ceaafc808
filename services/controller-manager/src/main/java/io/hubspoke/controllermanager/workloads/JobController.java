package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
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
import java.util.stream.Stream;

/** Runs pods until enough of them have succeeded, or too many failed. */
public final class JobController implements Controller {
  public static final Resource<Job> JOBS = Resource.namespaced("batch", "v1", "jobs", Job.class);

  private static final int WORKERS = 5;

  /** The value of managedBy that means this controller. */
  private static final String OWN_NAME = "kubernetes.io/job-controller";

  private final Claims<Job, Pod> claims;
  private final Informer<Job> jobs;
  private final Informer<Pod> pods;
  private final OwnedIndex<Pod> podsByOwner;
  private final JobPodFinalizers finalizers;
  private final JobSync.Tools tools;
  private final ControlLoop<Item.Key> loop;

  public JobController(
      ApiClient client,
      Context context,
      Informer<Job> jobs,
      Informer<Pod> pods,
      OwnedIndex<Pod> podsByOwner) {
    var events = new EventRecorder(client, "job-controller", "");
    var expectations = new Expectations();
    var backoff = new JobBackoff();
    this.claims = new Claims<>(client, JOBS, Resource.PODS, JobRules.FINALIZER);
    this.jobs = jobs;
    this.pods = pods;
    this.podsByOwner = podsByOwner;
    this.finalizers = new JobPodFinalizers(client, context, jobs, pods);
    this.tools =
        new JobSync.Tools(
            client, events, new PodControl(client, events), finalizers, expectations, backoff);
    this.loop = new ControlLoop<>("jobs", context, WORKERS, this::reconcile);
    jobs.addHandler(loop.onChange(Item::key));
    jobs.addHandler(expectations.forgetting());
    jobs.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<Job> item) {
            // The loop looks at it.
          }

          @Override
          public void updated(Item<Job> before, Item<Job> now) {
            // As above.
          }

          @Override
          public void deleted(Item<Job> last) {
            backoff.forget(last.uid());
            finalizers.abandoned(
                last.uid(), podsByOwner.ownedBy(last.key().namespace(), last.uid()));
          }
        });
    pods.addHandler(
        new ChildHandler<>("Job", jobs, JobController::selector, expectations, loop::add));
    pods.addHandler(finalizers);
  }

  @Override
  public Future<Void> stop() {
    return Future.join(loop.stop(), finalizers.stop()).mapEmpty();
  }

  private static LabelSelector selector(Job job) {
    return Selectors.of(job.getSpec().getSelector());
  }

  private Duration reconcile(Item.Key key) {
    pods.hasSynced().await();
    var job = jobs.get(key.namespace(), key.name());
    if (job == null || JobRules.finished(job) != null || isManagedElsewhere(job)) {
      return Duration.ZERO;
    }
    var candidates =
        Stream.concat(
                podsByOwner.ownedBy(key.namespace(), job.getMetadata().getUid()).stream(),
                podsByOwner.orphans(key.namespace()).stream())
            .toList();
    try {
      var owned = claims.claim(job, selector(job), candidates);
      return new JobSync(tools, job, owned).run();
    } catch (ApiException e) {
      if (e.code() == 404) {
        return Duration.ZERO;
      }
      throw e;
    }
  }

  private static boolean isManagedElsewhere(Job job) {
    var managedBy = job.getSpec().getManagedBy();
    return managedBy != null && !managedBy.equals(OWN_NAME);
  }
}
