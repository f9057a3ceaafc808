package io.hubspoke.controllermanager.disruption;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
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
  private final Informer<ObjectNode> pods;
  private final ControlLoop<Item.Key> loop;

  public DisruptionController(
      ApiClient client, Context context, Informer<ObjectNode> budgets, Informer<ObjectNode> pods) {
    this.client = client;
    this.budgets = budgets;
    this.pods = pods;
    this.loop = new ControlLoop<>("disruption", context, 1, this::reconcile);
    budgets.addHandler(loop.onChange(Item::key));
    pods.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<ObjectNode> item) {
            changed(item.object());
          }

          @Override
          public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
            changed(before.object());
            changed(now.object());
          }

          @Override
          public void deleted(Item<ObjectNode> last) {
            changed(last.object());
          }
        });
    pods.hasSynced().onSuccess(synced -> budgets.items().forEach(item -> loop.add(item.key())));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private void changed(ObjectNode pod) {
    for (Item<ObjectNode> budget : budgets.items()) {
      if (selects(budget.object(), pod)) {
        loop.add(budget.key());
      }
    }
  }

  private static boolean selects(ObjectNode budget, ObjectNode pod) {
    JsonNode selector = budget.path("spec").path("selector");
    return selector.isObject()
        && Meta.namespace(budget).equals(Meta.namespace(pod))
        && LabelSelector.fromObject(selector).matches(Meta.labels(pod));
  }

  private Duration reconcile(Item.Key key) {
    ObjectNode budget = budgets.get(key.namespace(), key.name());
    // Pods that are not known yet would count as missing.
    if (budget == null || !pods.hasSynced().isComplete()) {
      return Duration.ZERO;
    }
    List<ObjectNode> selected =
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

  private BudgetStatus status(ObjectNode budget, List<ObjectNode> selected) {
    try {
      return BudgetStatus.of(budget, selected, () -> scale(selected), Instant.now());
    } catch (IllegalStateException e) {
      return BudgetStatus.failed(budget, e.getMessage(), Instant.now());
    }
  }

  /** Returns how many pods the owners of these ask for; a pod without an owner counts for none. */
  private int scale(List<ObjectNode> selected) {
    Map<String, Integer> byOwner = new HashMap<>();
    for (ObjectNode pod : selected) {
      JsonNode owner = owner(pod);
      if (!owner.isMissingNode() && !byOwner.containsKey(owner.path("uid").asText())) {
        byOwner.put(owner.path("uid").asText(), replicas(Meta.namespace(pod), owner));
      }
    }
    return byOwner.values().stream().mapToInt(Integer::intValue).sum();
  }

  private int replicas(String namespace, JsonNode owner) {
    Resource<ObjectNode> kind = SCALED.get(owner.path("kind").asText());
    if (kind == null) {
      throw new IllegalStateException(
          owner.path("kind").asText() + " does not implement the scale subresource");
    }
    ObjectNode object;
    try {
      object = client.get(kind, namespace, owner.path("name").asText()).await();
    } catch (ApiException e) {
      if (e.code() == 404) {
        return 0;
      }
      throw e;
    }
    JsonNode above = owner(object);
    return above.path("kind").asText().equals("Deployment")
        ? replicas(namespace, above)
        : object.path("spec").path("replicas").asInt();
  }

  private static JsonNode owner(ObjectNode object) {
    for (JsonNode owner : object.path("metadata").path("ownerReferences")) {
      if (owner.path("controller").asBoolean()) {
        return owner;
      }
    }
    return object.path("\0");
  }

  private static Resource<ObjectNode> apps(String plural) {
    return Resource.namespaced("apps", "v1", plural, ObjectNode.class);
  }
}
