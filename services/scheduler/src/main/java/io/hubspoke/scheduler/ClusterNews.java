package io.hubspoke.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Meta;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.PodInfo;
import io.hubspoke.scheduler.cluster.Taints;
import io.hubspoke.scheduler.plugins.ClusterEvent;
import io.hubspoke.scheduler.plugins.Profile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Notes what informers show, and has the pods tried again that it may help. */
final class ClusterNews {
  private final ClusterState cluster;
  private final SchedulingQueue queue;
  private final String schedulerName;
  private final Runnable wake;
  private final Map<ClusterEvent, Set<String>> cured;

  ClusterNews(
      ClusterState cluster,
      SchedulingQueue queue,
      Profile profile,
      String schedulerName,
      Runnable wake) {
    this.cluster = cluster;
    this.queue = queue;
    this.schedulerName = schedulerName;
    this.wake = wake;
    this.cured = new HashMap<>();
    for (var event : ClusterEvent.values()) {
      cured.put(event, profile.curedBy(event));
    }
  }

  private void happened(ClusterEvent event) {
    var helped = cured.get(event);
    queue.moveAll(
        plugins -> plugins.isEmpty() || plugins.stream().anyMatch(helped::contains),
        System.nanoTime());
    wake.run();
  }

  Informer.Handler<Node> nodes() {
    return new NodeNews();
  }

  Informer.Handler<Pod> pods() {
    return new PodNews();
  }

  Informer.Handler<ObjectNode> namespaces() {
    return new NamespaceNews();
  }

  Informer.Handler<ObjectNode> budgets() {
    return new BudgetNews();
  }

  private final class NodeNews implements Informer.Handler<Node> {
    @Override
    public void added(Item<Node> item) {
      cluster.put(item.object());
      happened(ClusterEvent.NODE_ADDED);
    }

    /** Heartbeats change nothing for pods that wait. */
    @Override
    public void updated(Item<Node> before, Item<Node> now) {
      cluster.put(now.object());
      if (!Objects.equals(labels(before.object()), labels(now.object()))) {
        happened(ClusterEvent.NODE_LABELS_CHANGED);
      }
      if (!Objects.equals(before.object().getSpec(), now.object().getSpec())
          || !Taints.of(before.object()).equals(Taints.of(now.object()))) {
        happened(ClusterEvent.NODE_TAINTS_CHANGED);
      }
      if (!Objects.equals(allocatable(before.object()), allocatable(now.object()))) {
        happened(ClusterEvent.NODE_ALLOCATABLE_CHANGED);
      }
    }

    @Override
    public void deleted(Item<Node> last) {
      cluster.remove(last.object());
      happened(ClusterEvent.NODE_DELETED);
    }

    private static Object labels(Node node) {
      return node.getMetadata().getLabels();
    }

    private static Object allocatable(Node node) {
      return node.getStatus() == null ? null : node.getStatus().getAllocatable();
    }
  }

  private final class PodNews implements Informer.Handler<Pod> {
    @Override
    public void added(Item<Pod> item) {
      var pod = item.object();
      if (isAssigned(pod)) {
        cluster.put(pod);
        if (!ClusterState.hasEnded(pod)) {
          happened(ClusterEvent.POD_ASSIGNED);
        }
      } else if (isOurs(pod)) {
        var info = PodInfo.of(pod);
        if (!info.nominatedNode().isEmpty()) {
          cluster.nominate(info, info.nominatedNode());
        }
        queue.put(item.key(), info, false);
        wake.run();
      }
    }

    @Override
    public void updated(Item<Pod> before, Item<Pod> now) {
      var pod = now.object();
      if (isAssigned(pod)) {
        queue.remove(now.key(), now.uid());
        cluster.put(pod);
        if (ClusterState.hasEnded(pod)) {
          if (!ClusterState.hasEnded(before.object())) {
            happened(ClusterEvent.POD_DELETED);
          }
        } else if (!isAssigned(before.object())) {
          happened(ClusterEvent.POD_ASSIGNED);
        } else {
          changed(before.object(), pod);
        }
      } else if (!isOurs(pod)) {
        leave(now);
      } else if (!cluster.isPlaced(pod)) {
        waits(before, now);
      }
    }

    /** A terminating pod counts no more where pods are spread. */
    private void changed(Pod before, Pod now) {
      if (!Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())) {
        happened(ClusterEvent.POD_LABELS_CHANGED);
      }
      if (!Objects.equals(
          before.getMetadata().getDeletionTimestamp(), now.getMetadata().getDeletionTimestamp())) {
        happened(ClusterEvent.POD_LABELS_CHANGED);
      }
      if (!Objects.equals(requests(before), requests(now))) {
        happened(ClusterEvent.POD_DELETED);
      }
    }

    private static List<Object> requests(Pod pod) {
      return pod.getSpec().getContainers().stream()
          .<Object>map(io.fabric8.kubernetes.api.model.Container::getResources)
          .toList();
    }

    private void waits(Item<Pod> before, Item<Pod> now) {
      var info = PodInfo.of(now.object());
      var nominated = info.nominatedNode();
      if (!nominated.equals(PodInfo.of(before.object()).nominatedNode())) {
        if (nominated.isEmpty()) {
          cluster.unnominate(info.uid());
        } else {
          cluster.nominate(info, nominated);
        }
      }
      var changed =
          !Objects.equals(before.object().getSpec(), now.object().getSpec())
              || !Objects.equals(
                  before.object().getMetadata().getLabels(),
                  now.object().getMetadata().getLabels());
      queue.put(now.key(), info, changed);
      wake.run();
    }

    @Override
    public void deleted(Item<Pod> last) {
      var placed = cluster.isPlaced(last.object());
      cluster.remove(last.object());
      leave(last);
      if (placed) {
        happened(ClusterEvent.POD_DELETED);
      }
    }

    private void leave(Item<Pod> item) {
      queue.remove(item.key(), item.uid());
      cluster.unnominate(item.uid());
    }

    private static boolean isAssigned(Pod pod) {
      var node = pod.getSpec().getNodeName();
      return node != null && !node.isEmpty();
    }

    private boolean isOurs(Pod pod) {
      var spec = pod.getSpec();
      var name = spec.getSchedulerName() == null ? "default-scheduler" : spec.getSchedulerName();
      return name.equals(schedulerName)
          && pod.getMetadata().getDeletionTimestamp() == null
          && (spec.getSchedulingGates() == null || spec.getSchedulingGates().isEmpty())
          && !ClusterState.hasEnded(pod);
    }
  }

  private final class NamespaceNews implements Informer.Handler<ObjectNode> {
    @Override
    public void added(Item<ObjectNode> item) {
      put(item);
    }

    @Override
    public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
      put(now);
    }

    @Override
    public void deleted(Item<ObjectNode> last) {
      cluster.removeNamespace(last.key().name());
    }

    private void put(Item<ObjectNode> item) {
      var name = item.key().name();
      var labels = Meta.labels(item.object());
      if (!cluster.namespaceLabels(name).equals(labels)) {
        cluster.putNamespace(name, labels);
        happened(ClusterEvent.NAMESPACE_CHANGED);
      }
    }
  }

  private final class BudgetNews implements Informer.Handler<ObjectNode> {
    @Override
    public void added(Item<ObjectNode> item) {
      cluster.putBudget(item.object());
    }

    @Override
    public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
      cluster.putBudget(now.object());
    }

    @Override
    public void deleted(Item<ObjectNode> last) {
      cluster.removeBudget(last.object());
    }
  }
}
