package io.hubspoke.controllermanager.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.controllermanager.workloads.PodState;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes pods that no kubelet will: of nodes that are gone, of nodes that are out of service,
 * those that go before they were bound, and the oldest of too many that have ended.
 */
public final class PodGarbageCollector implements Controller {
  private static final Logger LOG = LoggerFactory.getLogger(PodGarbageCollector.class);
  private static final String OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
  private static final String ROUND = "pods";

  private final ApiClient client;
  private final Informer<Node> nodes;
  private final Informer<Pod> pods;
  private final PodGarbageOptions options;
  private final ControlLoop<String> loop;

  /** Since when a node that pods name is missing; belongs to the one worker. */
  private final Map<String, Long> missing = new HashMap<>();

  public PodGarbageCollector(
      ApiClient client,
      Context context,
      Informer<Node> nodes,
      Informer<Pod> pods,
      PodGarbageOptions options) {
    this.client = client;
    this.nodes = nodes;
    this.pods = pods;
    this.options = options;
    this.loop = new ControlLoop<>("podgc", context, 1, this::round);
    loop.add(ROUND);
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration round(String key) {
    Future.all(nodes.hasSynced(), pods.hasSynced()).await();
    var all = pods.items().stream().map(Item::object).toList();
    terminated(all);
    orphaned(all);
    unscheduled(all);
    outOfService(all);
    return options.period();
  }

  /** Those that have ended stay for people to look at, so many of them. */
  private void terminated(List<Pod> all) {
    if (options.terminatedPodThreshold() <= 0) {
      return;
    }
    var ended =
        all.stream()
            .filter(pod -> PodState.isFailed(pod) || PodState.isSucceeded(pod))
            .sorted(
                Comparator.comparing((Pod pod) -> !PodState.isDeleting(pod))
                    .thenComparing(pod -> pod.getMetadata().getCreationTimestamp()))
            .toList();
    ended.stream()
        .limit(Math.max(0, ended.size() - options.terminatedPodThreshold()))
        .forEach(pod -> delete(pod, "terminated"));
  }

  /** A node that is gone for a moment may only be made anew. */
  private void orphaned(List<Pod> all) {
    var now = System.nanoTime();
    var names =
        all.stream().map(PodGarbageCollector::node).filter(name -> !name.isEmpty()).distinct();
    var gone = names.filter(name -> nodes.get("", name) == null).toList();
    missing.keySet().retainAll(gone);
    gone.forEach(name -> missing.putIfAbsent(name, now));
    for (var name : gone) {
      if (now - missing.get(name) >= options.quarantine().toNanos() && isGone(name)) {
        all.stream()
            .filter(pod -> node(pod).equals(name))
            .forEach(
                pod -> {
                  if (!PodState.isFailed(pod) && !PodState.isSucceeded(pod)) {
                    fail(pod, "PodGC: node no longer exists");
                  }
                  delete(pod, "orphaned");
                });
      }
    }
  }

  /** Asks the apiserver itself: the informer may not know the node yet. */
  private boolean isGone(String node) {
    try {
      client.get(Resource.NODES, "", node).await();
      return false;
    } catch (ApiException e) {
      return e.code() == 404;
    }
  }

  private void unscheduled(List<Pod> all) {
    all.stream()
        .filter(pod -> PodState.isDeleting(pod) && node(pod).isEmpty())
        .forEach(pod -> delete(pod, "unscheduled"));
  }

  private void outOfService(List<Pod> all) {
    for (var item : nodes.items()) {
      var node = item.object();
      var out =
          !"True".equals(NodeConditions.status(node, NodeConditions.READY))
              && NodeTaints.list(node).stream().anyMatch(t -> OUT_OF_SERVICE.equals(t.getKey()));
      if (out) {
        all.stream()
            .filter(pod -> PodState.isDeleting(pod) && node(pod).equals(item.key().name()))
            .forEach(pod -> delete(pod, "terminating on an out-of-service node"));
      }
    }
  }

  /** Has whoever waits for the pod know that it didn't succeed. */
  private void fail(Pod pod, String message) {
    var patch = Json.object();
    var status = patch.putObject("status").put("phase", "Failed");
    status
        .putArray("conditions")
        .addObject()
        .put("type", "DisruptionTarget")
        .put("status", "True")
        .put("reason", "DeletionByPodGC")
        .put("message", message)
        .put("lastTransitionTime", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    var metadata = pod.getMetadata();
    try {
      client
          .patchStatus(
              Resource.PODS,
              metadata.getNamespace(),
              metadata.getName(),
              PatchType.STRATEGIC_MERGE,
              patch)
          .await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  private void delete(Pod pod, String why) {
    var metadata = pod.getMetadata();
    LOG.debug("{}/{}: {}", metadata.getNamespace(), metadata.getName(), why);
    client
        .deleteIfPresent(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            DeleteOptions.now(metadata.getUid()))
        .await();
  }

  private static String node(Pod pod) {
    var name = pod.getSpec().getNodeName();
    return name == null ? "" : name;
  }
}
