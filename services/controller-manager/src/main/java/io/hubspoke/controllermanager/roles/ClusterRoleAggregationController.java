package io.hubspoke.controllermanager.roles;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives a cluster role with an {@code aggregationRule} the rules of all roles that it selects, each
 * rule once, in the order of the roles' names ("Aggregated ClusterRoles").
 */
public final class ClusterRoleAggregationController implements Controller {
  public static final Resource<ObjectNode> CLUSTER_ROLES =
      Resource.cluster("rbac.authorization.k8s.io", "v1", "clusterroles", ObjectNode.class);

  private final ApiClient client;
  private final Informer<ObjectNode> roles;
  private final ControlLoop<String> loop;

  public ClusterRoleAggregationController(
      ApiClient client, Context context, Informer<ObjectNode> roles) {
    this.client = client;
    this.roles = roles;
    this.loop = new ControlLoop<>("clusterroleaggregation", context, 2, this::reconcile);
    roles.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<ObjectNode> item) {
            changed();
          }

          @Override
          public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
            changed();
          }

          @Override
          public void deleted(Item<ObjectNode> last) {
            changed();
          }
        });
    roles.hasSynced().onSuccess(synced -> changed());
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  /** Any role's change may concern any aggregated one: what it was labelled is not known. */
  private void changed() {
    // An incomplete copy would take rules away.
    if (!roles.hasSynced().isComplete()) {
      return;
    }
    for (Item<ObjectNode> item : roles.items()) {
      if (!selectors(item.object()).isEmpty()) {
        loop.add(item.key().name());
      }
    }
  }

  private Duration reconcile(String name) {
    ObjectNode role = roles.get("", name);
    if (role == null || selectors(role).isEmpty()) {
      return Duration.ZERO;
    }
    ArrayNode rules = rulesFor(role);
    if (rules.equals(role.path("rules")) || (rules.isEmpty() && role.path("rules").isEmpty())) {
      return Duration.ZERO;
    }
    ObjectNode changed = role.deepCopy();
    changed.set("rules", rules);
    try {
      client.update(CLUSTER_ROLES, "", name, changed).await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Duration.ZERO;
  }

  private ArrayNode rulesFor(ObjectNode role) {
    List<LabelSelector> selectors = new ArrayList<>();
    selectors(role).forEach(selector -> selectors.add(LabelSelector.fromObject(selector)));
    Set<JsonNode> rules = new LinkedHashSet<>();
    roles.items().stream()
        .filter(item -> !item.key().name().equals(Meta.name(role)))
        .filter(item -> selected(selectors, item.object()))
        .sorted(Comparator.comparing(item -> item.key().name()))
        .forEach(item -> item.object().path("rules").forEach(rules::add));
    ArrayNode array = Json.object().putArray("rules");
    rules.forEach(array::add);
    return array;
  }

  private static boolean selected(List<LabelSelector> selectors, ObjectNode role) {
    return selectors.stream().anyMatch(selector -> selector.matches(Meta.labels(role)));
  }

  private static JsonNode selectors(ObjectNode role) {
    return role.path("aggregationRule").path("clusterRoleSelectors");
  }
}
