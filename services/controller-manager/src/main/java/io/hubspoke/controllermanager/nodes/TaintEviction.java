package io.hubspoke.controllermanager.nodes;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Deletes pods that don't tolerate a NoExecute taint of their node, or not any longer. */
public final class TaintEviction implements Controller {
  /** Looks again at a tainted node, for pods that came since. */
  private static final Duration RECHECK = Duration.ofSeconds(10);

  private final ApiClient client;
  private final EventRecorder events;
  private final Informer<Node> nodes;
  private final ControlLoop<String> loop;

  /** Since when a node's taints without a time are known here, by node. */
  private final Map<String, Map<String, String>> firstSeen = new ConcurrentHashMap<>();

  public TaintEviction(
      ApiClient client, Context context, EventRecorder events, Informer<Node> nodes) {
    this.client = client;
    this.events = events;
    this.nodes = nodes;
    this.loop = new ControlLoop<>("taint-eviction", context, 4, this::reconcile);
    nodes.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String name) {
    var node = nodes.get("", name);
    var taints = node == null ? List.<Taint>of() : dated(name, noExecute(node));
    if (taints.isEmpty()) {
      firstSeen.remove(name);
      return Duration.ZERO;
    }
    var next = RECHECK;
    var pods =
        client
            .list(Resource.PODS, ListOptions.ALL.withFieldSelector("spec.nodeName=" + name))
            .await();
    for (var item : pods.items()) {
      var pod = item.object();
      var end = pod.getMetadata().getDeletionTimestamp() == null ? end(pod, taints) : Instant.MAX;
      var left = end.equals(Instant.MAX) ? RECHECK : Duration.between(Instant.now(), end);
      if (left.isPositive()) {
        next = left.compareTo(next) < 0 ? left : next;
      } else {
        evict(pod);
      }
    }
    return next;
  }

  /** A taint that people add has no time; what is borne for a time counts from when it was seen. */
  private List<Taint> dated(String node, List<Taint> taints) {
    var before = firstSeen.getOrDefault(node, Map.of());
    var seen = new HashMap<String, String>();
    var dated = new ArrayList<Taint>();
    for (var taint : taints) {
      if (taint.getTimeAdded() == null) {
        var which = taint.getKey() + "=" + taint.getValue();
        var since = before.getOrDefault(which, Instant.now().toString());
        seen.put(which, since);
        dated.add(new Taint(taint.getEffect(), taint.getKey(), since, taint.getValue()));
      } else {
        dated.add(taint);
      }
    }
    firstSeen.put(node, seen);
    return dated;
  }

  private void evict(Pod pod) {
    var metadata = pod.getMetadata();
    events.normal(
        Regarding.of(pod),
        "TaintManagerEviction",
        "Marking for deletion Pod " + metadata.getNamespace() + "/" + metadata.getName());
    client
        .deleteIfPresent(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            new DeleteOptions(-1, metadata.getUid()))
        .await();
  }

  /** Returns when the pod must have left, by the taint it bears the shortest; MAX for never. */
  static Instant end(Pod pod, List<Taint> taints) {
    List<Toleration> tolerations =
        pod.getSpec().getTolerations() == null ? List.of() : pod.getSpec().getTolerations();
    var end = Instant.MAX;
    for (var taint : taints) {
      var since = taint.getTimeAdded() == null ? Instant.MIN : Instant.parse(taint.getTimeAdded());
      var until =
          bearable(taint, tolerations)
              .map(limit -> limit.equals(FOR_EVER) ? Instant.MAX : since.plus(limit))
              .orElse(Instant.MIN);
      end = until.isBefore(end) ? until : end;
    }
    return end;
  }

  private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

  /** Returns the shortest time that any toleration gives the taint; empty when none bears it. */
  private static Optional<Duration> bearable(Taint taint, List<Toleration> tolerations) {
    return tolerations.stream()
        .filter(toleration -> tolerates(toleration, taint))
        .map(t -> t.getTolerationSeconds())
        .map(s -> s == null ? FOR_EVER : Duration.ofSeconds(Math.max(0, s)))
        .min(Duration::compareTo);
  }

  private static boolean tolerates(Toleration toleration, Taint taint) {
    var key = toleration.getKey();
    var effect = toleration.getEffect();
    if (effect != null && !effect.isEmpty() && !effect.equals(taint.getEffect())) {
      return false;
    }
    if ("Exists".equals(toleration.getOperator())) {
      return key == null || key.isEmpty() || key.equals(taint.getKey());
    }
    var value = toleration.getValue() == null ? "" : toleration.getValue();
    return taint.getKey().equals(key)
        && value.equals(taint.getValue() == null ? "" : taint.getValue());
  }

  private static List<Taint> noExecute(Node node) {
    return NodeTaints.list(node).stream()
        .filter(taint -> NodeTaints.NO_EXECUTE.equals(taint.getEffect()))
        .toList();
  }
}
