package io.hubspoke.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.scheduler.Placement.Remedy;
import io.hubspoke.scheduler.SchedulingQueue.Entry;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.plugins.Profile;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides pod by pod and binds. A decision runs without waiting, so no two pods get the same room;
 * the bindings behind it overlap.
 */
final class SchedulingLoop extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulingLoop.class);
  private static final Resource<ObjectNode> BUDGETS =
      Resource.namespaced("policy", "v1", "poddisruptionbudgets", ObjectNode.class);

  /**
   * How many bindings and reports are under way at a time, those included that the apiserver has
   * told to come back later: so a busy one is asked less.
   */
  private static final int IN_FLIGHT = 32;

  private final SchedulerOptions options;
  private final SchedulerMetrics metrics;
  private final ClusterState cluster = new ClusterState();
  private final SchedulingQueue queue = new SchedulingQueue();
  private final Profile profile = new Profile();
  private final SchedulingCycle cycle = new SchedulingCycle(cluster, profile);
  private final Promise<Void> idle = Promise.promise();
  private ApiClient client;
  private EventRecorder events;
  private FailureReport failures;
  private List<Informer<?>> informers;
  private Informer<Pod> pods;
  private boolean ready;
  private boolean woken;
  private boolean stopped;
  private int inFlight;
  private long timer = -1;

  SchedulingLoop(SchedulerOptions options, SchedulerMetrics metrics) {
    this.options = options;
    this.metrics = metrics;
    metrics.watch(queue);
  }

  @Override
  public Future<?> start() {
    client = new ApiClient(vertx, options.client().withUserAgent("kube-scheduler/v1.33.0"));
    events = new EventRecorder(client, options.schedulerName(), "");
    failures = new FailureReport(client, events);
    var news = new ClusterNews(cluster, queue, profile, options.schedulerName(), this::wake);
    var nodes = new Informer<Node>(client, Resource.NODES, ListOptions.ALL, context);
    nodes.addHandler(news.nodes());
    pods = new Informer<>(client, Resource.PODS, ListOptions.ALL, context);
    pods.addHandler(news.pods());
    var namespaces =
        new Informer<ObjectNode>(client, Resource.NAMESPACES.tree(), ListOptions.ALL, context);
    namespaces.addHandler(news.namespaces());
    var budgets = new Informer<ObjectNode>(client, BUDGETS, ListOptions.ALL, context);
    budgets.addHandler(news.budgets());
    informers = List.of(nodes, pods, namespaces, budgets);
    // Pods wait until the nodes and what runs on them are known.
    Future.all(informers.stream().map(Informer::start).toList())
        .onSuccess(
            synced ->
                context.runOnContext(
                    v -> {
                      ready = true;
                      wake();
                    }));
    return Future.succeededFuture();
  }

  @Override
  public Future<?> stop() {
    stopped = true;
    vertx.cancelTimer(timer);
    if (inFlight == 0) {
      idle.tryComplete();
    }
    var ended = Future.join(informers.stream().map(Informer::stop).toList());
    return client.close().eventually(() -> ended).eventually(idle::future);
  }

  /** Looks at the queue soon, once whatever is noted now. */
  private void wake() {
    if (ready && !woken && !stopped) {
      woken = true;
      context.runOnContext(v -> next());
    }
  }

  private void next() {
    woken = false;
    // What ends wakes the loop again.
    if (stopped || inFlight >= IN_FLIGHT) {
      return;
    }
    var entry = queue.take(System.nanoTime());
    if (entry == null) {
      sleep();
      return;
    }
    try {
      decide(entry);
    } catch (RuntimeException e) {
      LOG.error("pod {} could not be scheduled", entry.key(), e);
      metrics.failed();
      queue.retry(entry, System.nanoTime());
    }
    wake();
  }

  private void sleep() {
    vertx.cancelTimer(timer);
    var nanos = queue.untilNext(System.nanoTime());
    if (nanos >= 0) {
      timer = vertx.setTimer(TimeUnit.NANOSECONDS.toMillis(nanos) + 1, id -> wake());
    }
  }

  private void decide(Entry entry) {
    var pod = entry.pod();
    switch (cycle.place(pod)) {
      case Placement.Chosen(var node) -> {
        cluster.place(pod, node);
        later(() -> bind(entry, pod, node));
      }
      case Placement.Unschedulable unschedulable -> {
        metrics.unschedulable();
        var now = System.nanoTime();
        queue.park(entry, unschedulable.plugins(), now);
        var lower =
            switch (unschedulable.remedy()) {
              case Remedy.Preempt(var node, var victims) -> {
                var others = lowerNominated(pod, node);
                cluster.nominate(pod, node);
                others.forEach(other -> cluster.unnominate(other.uid()));
                yield others;
              }
              case Remedy.Nothing() -> {
                cluster.unnominate(pod.uid());
                yield List.<PodInfo>of();
              }
              case Remedy.Wait() -> List.<PodInfo>of();
            };
        if (entry.isToReport(unschedulable.message(), now)) {
          failures.event(pod, unschedulable.message());
        }
        later(() -> report(entry, pod, unschedulable, lower));
      }
    }
  }

  /** Pods of lower priority that were to have room on the node may not have it any more. */
  private List<PodInfo> lowerNominated(PodInfo pod, String node) {
    return cluster.nominatedOn(node).stream()
        .filter(other -> other.priority() < pod.priority())
        .toList();
  }

  /** Does what waits for the apiserver, beside the decisions. */
  private void later(Runnable work) {
    inFlight++;
    context.runOnContext(
        v -> {
          try {
            work.run();
          } finally {
            inFlight--;
            if (stopped && inFlight == 0) {
              idle.tryComplete();
            }
            wake();
          }
        });
  }

  private void bind(Entry entry, PodInfo pod, String node) {
    var metadata = pod.pod().getMetadata();
    var binding = Json.object().put("apiVersion", "v1").put("kind", "Binding");
    binding
        .putObject("metadata")
        .put("name", metadata.getName())
        .put("namespace", metadata.getNamespace())
        .put("uid", metadata.getUid());
    binding.putObject("target").put("apiVersion", "v1").put("kind", "Node").put("name", node);
    try {
      client
          .post(Resource.PODS, metadata.getNamespace(), metadata.getName(), "binding", binding)
          .await();
    } catch (Throwable failure) {
      forget(pod);
      if (failure instanceof ApiException refused && refused.code() == 404) {
        queue.remove(entry.key(), pod.uid());
      } else {
        // A conflict is another scheduler's binding, or a deletion, and the informer will tell.
        LOG.warn("binding {} to {}: {}", pod, node, failure.getMessage());
        metrics.failed();
        queue.retry(entry, System.nanoTime());
      }
      return;
    }
    metrics.scheduled();
    queue.remove(entry.key(), pod.uid());
    events.normal(
        Regarding.of(pod.pod()),
        "Scheduled",
        "Successfully assigned %s/%s to %s"
            .formatted(metadata.getNamespace(), metadata.getName(), node));
  }

  /** Gives the room back, unless the informer has shown meanwhile that the pod runs somewhere. */
  private void forget(PodInfo pod) {
    cluster.remove(pod.pod());
    var now = pods.get(pod.namespace(), pod.name());
    if (now != null && now.getMetadata().getUid().equals(pod.uid())) {
      cluster.put(now);
    }
  }

  private void report(
      Entry entry, PodInfo pod, Placement.Unschedulable unschedulable, List<PodInfo> lower) {
    var failed = false;
    try {
      failures.status(pod, unschedulable.message(), cluster.nominationOf(pod.uid()));
      lower.forEach(failures::clearNomination);
      if (unschedulable.remedy() instanceof Remedy.Preempt(var node, var victims)) {
        for (var victim : victims) {
          failures.preempt(victim, pod, node);
          cluster.preempt(victim);
        }
      }
    } catch (Throwable failure) {
      failed = true;
      LOG.warn("why pod {} waits could not be written: {}", pod, failure.getMessage());
    }
    var now = System.nanoTime();
    lower.forEach(queue::activate);
    if (failed) {
      queue.retry(entry, now);
    } else {
      queue.release(entry, now);
    }
  }
}
