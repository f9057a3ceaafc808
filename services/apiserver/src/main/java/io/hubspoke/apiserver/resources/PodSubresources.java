package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.GenericStrategy.isEmpty;
import static io.hubspoke.apiserver.resources.GenericStrategy.keep;
import static io.hubspoke.apiserver.resources.GenericStrategy.object;
import static io.hubspoke.apiserver.resources.GenericStrategy.objects;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What {@code pods/ephemeralcontainers} and {@code pods/resize} change of a pod: the containers
 * that look into it, and what its containers may use.
 */
final class PodSubresources {
  static final String EPHEMERAL_CONTAINERS = "ephemeralcontainers";
  static final String RESIZE = "resize";

  /** What only containers have that belong to the pod from its beginning. */
  private static final List<String> NOT_EPHEMERAL =
      List.of(
          "ports",
          "livenessProbe",
          "readinessProbe",
          "startupProbe",
          "lifecycle",
          "resources",
          "resizePolicy");

  private static final List<String> RESIZED = List.of("resources", "resizePolicy");
  private static final List<String> LISTS = List.of("containers", "initContainers");
  private static final Set<String> SCALABLE = Set.of("cpu", "memory");

  private PodSubresources() {}

  /** Makes a pod the old one, except for what the subresource changes. */
  static void restrict(ObjectNode pod, ObjectNode old, String subresource) {
    ObjectNode sent = pod.deepCopy();
    pod.removeAll();
    pod.setAll(old.deepCopy());
    ObjectNode spec = object(pod, "spec");
    ObjectNode wanted = object(sent, "spec");
    if (subresource.equals(EPHEMERAL_CONTAINERS)) {
      keep(spec, wanted, "ephemeralContainers");
      return;
    }
    for (String list : LISTS) {
      Map<String, ObjectNode> byName = new HashMap<>();
      objects(wanted, list).forEach(c -> byName.put(c.path("name").asText(""), c));
      for (ObjectNode container : objects(spec, list)) {
        ObjectNode now = byName.get(container.path("name").asText(""));
        if (now != null) {
          RESIZED.forEach(field -> keep(container, now, field));
        }
      }
    }
  }

  static void validate(ObjectNode pod, ObjectNode old, String subresource, FieldErrors errors) {
    boolean mirror = Meta.annotations(old).containsKey(PodStrategy.MIRROR_ANNOTATION);
    PodValidation.validate(pod.path("spec"), "spec", errors);
    if (subresource.equals(EPHEMERAL_CONTAINERS)) {
      if (mirror) {
        errors.forbidden("", "static pods do not support ephemeral containers");
      }
      ephemeral(pod.path("spec"), errors);
      unchanged(pod.path("spec"), old.path("spec"), errors);
    } else {
      if (mirror) {
        errors.forbidden("", "static pods cannot be resized");
      }
      resized(pod, old, errors);
    }
  }

  private static void ephemeral(JsonNode spec, FieldErrors errors) {
    Set<String> targets = new HashSet<>();
    for (String list : LISTS) {
      spec.path(list).forEach(c -> targets.add(c.path("name").asText("")));
    }
    JsonNode containers = spec.path("ephemeralContainers");
    for (int i = 0; i < containers.size(); i++) {
      JsonNode container = containers.get(i);
      String path = "spec.ephemeralContainers[" + i + "]";
      String target = container.path("targetContainerName").asText("");
      if (!target.isEmpty() && !targets.contains(target)) {
        errors.notFound(path + ".targetContainerName", target);
      }
      for (String field : NOT_EPHEMERAL) {
        if (!isEmpty(container.get(field))) {
          errors.forbidden(path + "." + field, "cannot be set for an Ephemeral Container");
        }
      }
    }
  }

  /** What looks into a pod can be added, never taken away or changed. */
  private static void unchanged(JsonNode spec, JsonNode old, FieldErrors errors) {
    Map<String, JsonNode> now = new HashMap<>();
    spec.path("ephemeralContainers").forEach(c -> now.put(c.path("name").asText(""), c));
    for (JsonNode before : old.path("ephemeralContainers")) {
      String name = before.path("name").asText("");
      if (!before.equals(now.get(name))) {
        errors.forbidden(
            "spec.ephemeralContainers",
            "existing ephemeral containers \"%s\" may not be %s\n"
                .formatted(name, now.containsKey(name) ? "changed" : "removed"));
      }
    }
  }

  private static void resized(ObjectNode pod, ObjectNode old, FieldErrors errors) {
    if (!nodeResizes(old)) {
      errors.forbidden("spec", "Pod running on node without support for resize");
      return;
    }
    String quality = PodQos.of(pod.path("spec"));
    if (!quality.equals(PodQos.of(old.path("spec")))) {
      errors.invalid("spec", quality, "Pod QOS Class may not change as a result of resizing");
    }
    for (String list : LISTS) {
      List<ObjectNode> now = objects(pod.path("spec"), list);
      List<ObjectNode> before = objects(old.path("spec"), list);
      for (int i = 0; i < now.size(); i++) {
        resources(
            now.get(i).path("resources"),
            before.get(i).path("resources"),
            "spec." + list + "[" + i + "].resources",
            errors);
      }
    }
  }

  /** A node that can resize says what its running containers may use. */
  private static boolean nodeResizes(ObjectNode pod) {
    for (JsonNode status : pod.path("status").path("containerStatuses")) {
      if (status.path("state").has("running")) {
        return status.has("resources");
      }
    }
    return true;
  }

  private static void resources(JsonNode now, JsonNode before, String path, FieldErrors errors) {
    for (String kind : List.of("limits", "requests")) {
      Set<String> names = new HashSet<>();
      now.path(kind).fieldNames().forEachRemaining(names::add);
      before.path(kind).fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        JsonNode amount = now.path(kind).path(name);
        if (amount.isMissingNode()) {
          errors.forbidden(path + "." + kind, "resource " + kind + " cannot be removed");
        } else if (!SCALABLE.contains(name) && !amount.equals(before.path(kind).path(name))) {
          errors.forbidden("spec", "only cpu and memory resources are mutable");
        }
      }
    }
  }
}
