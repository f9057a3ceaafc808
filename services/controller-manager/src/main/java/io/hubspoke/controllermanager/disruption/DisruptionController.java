package io.hubspoke.controllermanager.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.controllermanager.workloads.ControllerReference;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Keeps the statuses of disruption budgets, by which evictions are allowed or refused. */
public final class DisruptionController implements Controller {
  public static final Resource<ObjectNode> BUDGETS =
      Resource.namespaced("policy", "v1", "poddisruptionbudgets", ObjectNode.class);

  /** What owns pods and says how many there shall be. */
  private static final Map<String, Resource<ObjectNode>> SCALED =
      Map.of(
          "ReplicaSet", apps("replicasets"),
          "Deployment", apps("deployments"),
          "StatefulSet", apps("statefulsets"),
          "ReplicationController",
              Resource.namespaced("", "v1", "replicationcontrollers", ObjectNode.class));

  private final ApiClient client;
  private final Informer<ObjectNode> budgets;
  private final Informer<Pod> pods;
  private final ControlLoop<Item.Key> loop;

  public DisruptionController(
      ApiClient client, Context context, Informer<ObjectNode> budgets, Informer<Pod> pods) {
    this.client = client;
    this.budgets = budgets;
    this.pods = pods;
    this.loop = new ControlLoop<>("disruption", context, 1, this::reconcile);
    budgets.addHandler(loop.onChange(Item::key));
    pods.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<Pod> item) {
            changed(item.object());
          }

          @Override
          public void updated(Item<Pod> before, Item<Pod> now) {
            changed(before.object());
            changed(now.object());
          }

          @Override
          public void deleted(Item<Pod> last) {
            changed(last.object());
          }
        });
    pods.hasSynced().onSuccess(synced -> budgets.items().forEach(item -> loop.add(item.key())));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private void changed(Pod pod) {
    for (Item<ObjectNode> budget : budgets.items()) {
      if (selects(budget.object(), pod)) {
        loop.add(budget.key());
      }
    }
  }

  private static boolean selects(ObjectNode budget, Pod pod) {
    JsonNode selector = budget.path("spec").path("selector");
    return selector.isObject()
        && Meta.namespace(budget).equals(pod.getMetadata().getNamespace())
        && LabelSelector.fromObject(selector).matches(labels(pod));
  }

  private static Map<String, String> labels(Pod pod) {
    Map<String, String> labels = pod.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  private Duration reconcile(Item.Key key) {
    ObjectNode budget = budgets.get(key.namespace(), key.name());
    // Pods that are not known yet would count as missing.
    if (budget == null || !pods.hasSynced().isComplete()) {
      return Duration.ZERO;
    }
    List<Pod> selected =
        pods.items().stream().map(Item::object).filter(pod -> selects(budget, pod)).toList();
    BudgetStatus now = status(budget, selected);
    if (!now.status().equals(budget.path("status"))) {
      ObjectNode changed = budget.deepCopy();
      changed.set("status", now.status());
      try {
        client.updateStatus(BUDGETS, key.namespace(), key.name(), changed).await();
      } catch (ApiException e) {
        if (e.code() != 404) {
          throw e;
        }
      }
    }
    return now.recheck();
  }

  private BudgetStatus status(ObjectNode budget, List<Pod> selected) {
    try {
      return BudgetStatus.of(budget, selected, () -> scale(selected), Instant.now());
    } catch (IllegalStateException e) {
      return BudgetStatus.failed(budget, e.getMessage(), Instant.now());
    }
  }

  /** Returns how many pods the owners of these ask for; a pod without an owner counts for none. */
  private int scale(List<Pod> selected) {
    Map<String, Integer> byOwner = new HashMap<>();
    for (Pod pod : selected) {
      var owner = ControllerReference.of(pod);
      if (owner != null && !byOwner.containsKey(owner.getUid())) {
        byOwner.put(
            owner.getUid(),
            replicas(pod.getMetadata().getNamespace(), owner.getKind(), owner.getName()));
      }
    }
    return byOwner.values().stream().mapToInt(Integer::intValue).sum();
  }

  private int replicas(String namespace, String ownerKind, String name) {
    Resource<ObjectNode> kind = SCALED.get(ownerKind);
    if (kind == null) {
      throw new IllegalStateException(ownerKind + " does not implement the scale subresource");
    }
    ObjectNode object;
    try {
      object = client.get(kind, namespace, name).await();
    } catch (ApiException e) {
      if (e.code() == 404) {
        return 0;
      }
      throw e;
    }
    for (JsonNode above : object.path("metadata").path("ownerReferences")) {
      if (above.path("controller").asBoolean()
          && above.path("kind").asText().equals("Deployment")) {
        return replicas(namespace, "Deployment", above.path("name").asText());
      }
    }
    return object.path("spec").path("replicas").asInt();
  }

  private static Resource<ObjectNode> apps(String plural) {
    return Resource.namespaced("apps", "v1", plural, ObjectNode.class);
  }
}
