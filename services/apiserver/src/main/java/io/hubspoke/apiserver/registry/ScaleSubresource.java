package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.resources.FieldTypes;
import io.hubspoke.apiserver.resources.SelectorText;
import io.hubspoke.apiserver.resources.WorkloadResources;
import io.vertx.core.Future;
import java.util.List;
import java.util.function.Function;

/**
 * Reads and changes how many pods a workload asks for, in the form that is the same for all of them
 * ({@code autoscaling/v1} Scale), so that who scales need not know what.
 */
final class ScaleSubresource {
  private static final ResourceType SCALE = WorkloadResources.SCALES.type();

  private static final List<String> METADATA =
      List.of("name", "namespace", "uid", "resourceVersion", "creationTimestamp");

  /** How often a workload is looked at again that others change meanwhile. */
  private static final int ATTEMPTS = 5;

  private final Registry registry;

  ScaleSubresource(Registry registry) {
    this.registry = registry;
  }

  Future<ObjectNode> get(Target target, String resourceVersion) {
    return registry.get(owner(target), resourceVersion).map(object -> of(object.tree()));
  }

  /** Replaces the scale; only its replicas change the workload. */
  Future<ObjectNode> update(Target target, ObjectNode scale, WriteOptions options) {
    return change(target, current -> scale.deepCopy(), options);
  }

  Future<ObjectNode> patch(Target target, Patch patch, WriteOptions options) {
    return change(target, current -> patch.apply(SCALE, current), options);
  }

  private Future<ObjectNode> change(
      Target target, Function<ObjectNode, ObjectNode> change, WriteOptions options) {
    return registry.hasWebhooks()
        ? reviewed(target, change, options, ATTEMPTS)
        : store(target, change, options);
  }

  /** Has webhooks look at the scale, in which the workload's version is: that one is changed. */
  private Future<ObjectNode> reviewed(
      Target target, Function<ObjectNode, ObjectNode> change, WriteOptions options, int attempts) {
    return registry
        .get(owner(target), "")
        .compose(
            stored -> {
              ObjectNode old = of(stored.tree());
              ObjectNode scale = change.apply(old.deepCopy());
              check(target, scale, stored.tree());
              return registry
                  .review(
                      new AdmissionRequest(
                          AdmissionRequest.Operation.UPDATE,
                          options.user(),
                          target.type(),
                          target.subresource(),
                          target.namespace(),
                          target.name(),
                          scale,
                          old,
                          options.dryRun(),
                          options.origin()))
                  .compose(made -> store(target, current -> made.orElse(scale).deepCopy(), options))
                  .recover(
                      e ->
                          attempts > 1 && e instanceof ApiException refusal && refusal.code() == 409
                              ? reviewed(target, change, options, attempts - 1)
                              : Future.failedFuture(e));
            });
  }

  private Future<ObjectNode> store(
      Target target, Function<ObjectNode, ObjectNode> change, WriteOptions options) {
    return registry
        .change(
            owner(target),
            object -> {
              ObjectNode scale = change.apply(of(object));
              check(target, scale, object);
              scaled(object).put("replicas", scale.path("spec").path("replicas").asInt());
              String version = Meta.resourceVersion(scale);
              if (!version.isEmpty()) {
                Meta.of(object).put("resourceVersion", version);
              }
              return object;
            },
            options.reviewed())
        .map(object -> of(object.tree()));
  }

  private static Target owner(Target target) {
    return Target.of(target.resource(), target.namespace(), target.name());
  }

  private static ObjectNode scaled(ObjectNode object) {
    return object.get("spec") instanceof ObjectNode spec ? spec : object.putObject("spec");
  }

  private static void check(Target target, ObjectNode scale, ObjectNode object) {
    FieldTypes.check(SCALE, scale);
    String name = Meta.name(scale);
    if (!name.isEmpty() && !name.equals(target.name())) {
      throw Status.badRequest(
              "the name of the object (%s) does not match the name on the URL (%s)"
                  .formatted(name, target.name()))
          .toException();
    }
    String namespace = Meta.namespace(scale);
    if (!namespace.isEmpty() && !namespace.equals(target.namespace())) {
      throw Status.badRequest(
              "the namespace of the provided object does not match the namespace sent on the"
                  + " request")
          .toException();
    }
    String uid = Meta.uid(scale);
    if (!uid.isEmpty() && !uid.equals(Meta.uid(object))) {
      throw Status.conflict(
              target.type(), target.name(), SystemMetadata.uidMismatch(uid, Meta.uid(object)))
          .toException();
    }
    JsonNode replicas = scale.path("spec").path("replicas");
    if (replicas.asInt() < 0) {
      throw Status.invalid(
              SCALE,
              target.name(),
              List.of(
                  new Cause(
                      "FieldValueInvalid",
                      "Invalid value: " + replicas + ": must be greater than or equal to 0",
                      "spec.replicas")))
          .toException();
    }
  }

  /** Returns what an object says of its pods' number. */
  private static ObjectNode of(ObjectNode object) {
    ObjectNode scale =
        Json.object().put("kind", SCALE.kind()).put("apiVersion", SCALE.apiVersion());
    ObjectNode metadata = scale.putObject("metadata");
    for (String field : METADATA) {
      if (object.path("metadata").has(field)) {
        metadata.set(field, object.path("metadata").get(field));
      }
    }
    ObjectNode spec = scale.putObject("spec");
    int wanted = object.path("spec").path("replicas").asInt();
    if (wanted != 0) {
      spec.put("replicas", wanted);
    }
    ObjectNode status = scale.putObject("status");
    status.put("replicas", object.path("status").path("replicas").asInt());
    String selector = SelectorText.of(object.path("spec").path("selector"));
    if (!selector.isEmpty()) {
      status.put("selector", selector);
    }
    return scale;
  }
}
