package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.Query;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.FieldTypes;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.Future;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;

/**
 * Deletes a pod if its disruption budget allows that: what {@code POST pods/NAME/eviction} does.
 */
final class Eviction {
  /** How often a pod is looked at again that changes all the time. */
  private static final int ATTEMPTS = 20;

  private static final String OLDER = "policy/v1beta1";
  private static final ResourceType EVICTION =
      new ResourceType(
          "policy",
          "v1",
          "evictions",
          "eviction",
          "Eviction",
          true,
          List.of(),
          List.of(),
          Set.of("create"),
          Set.of());

  /** A pod that never ran, or runs no more, disrupts nobody by its going. */
  private static final Set<String> UNGUARDED = Set.of("Pending", "Succeeded", "Failed");

  private final Registry registry;
  private final DisruptionBudgets budgets;

  Eviction(Registry registry) {
    this.registry = registry;
    this.budgets = new DisruptionBudgets(registry);
  }

  /**
   * Reads how an eviction wants its pod deleted.
   *
   * @param dryRun whether the request itself says so
   * @throws ApiException 400 when it is no eviction of the pod
   */
  static DeleteOptions options(Target target, ObjectNode eviction, Query query, boolean dryRun) {
    if (eviction.path("apiVersion").asText("").equals(OLDER)) {
      // The older version has the same fields.
      eviction.put("apiVersion", EVICTION.apiVersion());
    }
    FieldTypes.check(EVICTION, eviction);
    String name = Meta.name(eviction);
    if (!name.isEmpty() && !name.equals(target.name())) {
      throw Status.badRequest("name in URL does not match name in Eviction object").toException();
    }
    String namespace = Meta.namespace(eviction);
    if (!namespace.isEmpty() && !namespace.equals(target.namespace())) {
      throw Status.badRequest(
              "the namespace of the provided object does not match the namespace sent on the"
                  + " request")
          .toException();
    }
    DeleteOptions options =
        DeleteOptions.read(
            eviction.get("deleteOptions") instanceof ObjectNode given ? given : null, query);
    return dryRun ? options.tried() : options;
  }

  /** Evicts a pod; who may not delete it is refused before a budget is touched. */
  Future<Deletion> evict(Target target, DeleteOptions options, User user) {
    return evict(target, options, user, ATTEMPTS);
  }

  private Future<Deletion> evict(Target target, DeleteOptions options, User user, int attempts) {
    return registry
        .delete(target, options.tried(), user)
        .compose(allowed -> registry.get(pod(target), ""))
        .compose(pod -> evict(target, pod, options, user, attempts));
  }

  private Future<Deletion> evict(
      Target target, StoredObject stored, DeleteOptions options, User user, int attempts) {
    ObjectNode pod = stored.tree();
    String phase = pod.path("status").path("phase").asText("");
    if (UNGUARDED.contains(phase) || Meta.deleting(pod)) {
      // It must not become one that is guarded in between; what has ended can't.
      boolean settled = !phase.equals("Pending") || Meta.deleting(pod);
      return settled
          ? delete(target, options, user)
          : deleteAsSeen(target, pod, options, user, attempts);
    }
    return budgets
        .spend(target, pod, options.dryRun())
        .compose(
            verdict ->
                switch (verdict) {
                  case ALLOWED -> delete(target, options, user);
                  case ALLOWED_UNREADY ->
                      delete(target, seen(options, pod), user)
                          .recover(e -> readyMeanwhile(target, pod, options, e));
                });
  }

  /** Deletes a pod in the state that was looked at; looks again when it has changed since. */
  private Future<Deletion> deleteAsSeen(
      Target target, ObjectNode pod, DeleteOptions options, User user, int attempts) {
    return delete(target, seen(options, pod), user)
        .recover(
            e ->
                isConflict(e) && options.resourceVersion().isEmpty() && attempts > 1
                    ? evict(target, options, user, attempts - 1)
                    : Future.failedFuture(e));
  }

  /** A pod that changed since it was looked at may count by now: the client is to ask again. */
  private Future<Deletion> readyMeanwhile(
      Target target, ObjectNode pod, DeleteOptions options, Throwable e) {
    boolean changed = isConflict(e) && options.resourceVersion().isEmpty();
    return Future.failedFuture(
        budgets.guarding(target, pod).stream()
            .findFirst()
            .filter(budget -> changed)
            .<Throwable>map(budget -> DisruptionBudgets.tryLater(budget).toException())
            .orElse(e));
  }

  private static boolean isConflict(Throwable e) {
    return e instanceof ApiException refusal && refusal.code() == 409;
  }

  private static DeleteOptions seen(DeleteOptions options, ObjectNode pod) {
    return options.resourceVersion().isEmpty() ? options.at(Meta.resourceVersion(pod)) : options;
  }

  /** Says on the pod why it goes, then deletes it. */
  private Future<Deletion> delete(Target target, DeleteOptions options, User user) {
    if (options.dryRun()) {
      return registry.delete(target, options, user);
    }
    var status = new Target(ResourceTable.PODS, target.namespace(), target.name(), "status");
    return registry
        .change(
            status,
            pod -> {
              ObjectDeleter.checkPreconditions(target, options, pod);
              return disrupted(pod);
            },
            WriteOptions.byServer(false))
        .compose(
            marked ->
                registry.delete(
                    target,
                    options.resourceVersion().isEmpty()
                        ? options
                        : options.at(Long.toString(marked.revision())),
                    user));
  }

  private static ObjectNode disrupted(ObjectNode pod) {
    ObjectNode status = pod.get("status") instanceof ObjectNode s ? s : pod.putObject("status");
    ArrayNode conditions =
        status.get("conditions") instanceof ArrayNode a ? a : status.putArray("conditions");
    for (int i = 0; i < conditions.size(); i++) {
      JsonNode condition = conditions.get(i);
      if (condition.path("type").asText("").equals("DisruptionTarget")) {
        if (condition.path("status").asText("").equals("True")) {
          return pod;
        }
        conditions.remove(i--);
      }
    }
    conditions
        .addObject()
        .put("type", "DisruptionTarget")
        .put("status", "True")
        .put("reason", "EvictionByEvictionAPI")
        .put("message", "Eviction API: evicting")
        .put("lastTransitionTime", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    return pod;
  }

  private static Target pod(Target target) {
    return Target.of(target.resource(), target.namespace(), target.name());
  }
}
