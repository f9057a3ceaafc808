package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Function;

/** Pods: defaulted, immutable but for a few fields, and deleted gracefully. */
final class PodStrategy extends GenericStrategy {
  static final String MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

  private static final String ONLY_THESE =
      "pod updates may not change fields other than"
          + " `spec.containers[*].image`,`spec.initContainers[*].image`,"
          + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing"
          + " tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
          + " previously negative)";

  PodStrategy() {
    super(true, true, fields());
  }

  private static Map<String, Function<ObjectNode, String>> fields() {
    return Map.of(
        "spec.nodeName", at("spec", "nodeName"),
        "spec.restartPolicy", at("spec", "restartPolicy"),
        "spec.schedulerName", at("spec", "schedulerName"),
        "spec.serviceAccountName", at("spec", "serviceAccountName"),
        "spec.hostNetwork", pod -> String.valueOf(pod.path("spec").path("hostNetwork").asBoolean()),
        "status.phase", at("status", "phase"),
        "status.podIP", at("status", "podIP"),
        "status.nominatedNodeName", at("status", "nominatedNodeName"));
  }

  @Override
  void restrict(ObjectNode pod, ObjectNode old, String subresource) {
    switch (subresource) {
      case PodSubresources.EPHEMERAL_CONTAINERS, PodSubresources.RESIZE ->
          PodSubresources.restrict(pod, old, subresource);
      default -> {
        super.restrict(pod, old, subresource);
        // As the real one has it: a pod's owners are not a node's to name.
        keep(object(pod, "metadata"), object(old, "metadata"), "ownerReferences");
      }
    }
  }

  @Override
  void applyDefaults(ObjectNode pod) {
    if (pod.get("spec") instanceof ObjectNode spec) {
      PodDefaults.apply(spec);
    }
  }

  @Override
  void begin(ObjectNode pod, Requester requester) {
    ObjectNode spec = object(pod, "spec");
    boolean mirror = pod.path("metadata").path("annotations").has(MIRROR_ANNOTATION);
    PodDefaults.admit(spec, mirror);
    pod.putObject("status").put("phase", "Pending").put("qosClass", PodQos.of(spec));
    SchedulingGates.begin(pod);
    object(pod, "metadata").put("generation", 1);
  }

  @Override
  void change(ObjectNode pod, ObjectNode old, String subresource, Requester requester) {
    if (subresource.isEmpty()) {
      PodDefaults.tolerateForAWhile(object(pod, "spec"));
    }
    ObjectNode metadata = object(pod, "metadata");
    long generation = old.path("metadata").path("generation").asLong(1);
    boolean changed = !pod.path("spec").equals(old.path("spec"));
    metadata.put("generation", changed ? generation + 1 : generation);
    if (subresource.equals("status")) {
      // Decided when the pod was made; a status that leaves it out does not unset it.
      String qos = old.path("status").path("qosClass").asText("");
      if (!qos.isEmpty()) {
        setDefault(object(pod, "status"), "qosClass", qos);
      }
    }
  }

  @Override
  void validate(ObjectNode pod, FieldErrors errors) {
    if (!pod.path("spec").path("ephemeralContainers").isEmpty()) {
      errors.forbidden("spec.ephemeralContainers", "cannot be set on create");
    }
    SchedulingGates.validate(pod, errors);
    PodValidation.validate(pod.path("spec"), "spec", errors);
  }

  @Override
  void validateUpdate(ObjectNode pod, ObjectNode old, String subresource, FieldErrors errors) {
    mirrorAnnotation(pod, old, errors);
    switch (subresource) {
      case "" -> {}
      case PodSubresources.EPHEMERAL_CONTAINERS, PodSubresources.RESIZE -> {
        PodSubresources.validate(pod, old, subresource, errors);
        return;
      }
      default -> {
        return;
      }
    }
    PodValidation.validate(pod.path("spec"), "spec", errors);
    if (!errors.isEmpty()) {
      return;
    }
    if (pod.path("spec").path("containers").size() != old.path("spec").path("containers").size()) {
      errors.forbidden("spec.containers", "pod updates may not add or remove containers");
      return;
    }
    tolerations(pod, old, errors);
    SchedulingGates.validateUpdate(pod, old, errors);
    if (!mutableFieldsReset(pod, old).equals(old.path("spec"))) {
      errors.forbidden("spec", ONLY_THESE);
    }
  }

  /** What a node may read hangs on which of its pods are mirrors, so it cannot say so later. */
  private static void mirrorAnnotation(ObjectNode pod, ObjectNode old, FieldErrors errors) {
    String now = Meta.annotations(pod).get(MIRROR_ANNOTATION);
    String before = Meta.annotations(old).get(MIRROR_ANNOTATION);
    if (!Objects.equals(now, before)) {
      errors.forbidden(
          "metadata.annotations[" + MIRROR_ANNOTATION + "]",
          before == null
              ? "may not add mirror pod annotation"
              : "may not remove or update mirror pod annotation");
    }
  }

  private static void tolerations(ObjectNode pod, ObjectNode old, FieldErrors errors) {
    Map<JsonNode, Boolean> now = new LinkedHashMap<>();
    pod.path("spec").path("tolerations").forEach(t -> now.put(withoutSeconds(t), true));
    for (JsonNode toleration : old.path("spec").path("tolerations")) {
      if (!now.containsKey(withoutSeconds(toleration))) {
        errors.forbidden(
            "spec.tolerations",
            "existing toleration can not be modified except its tolerationSeconds");
        return;
      }
    }
  }

  private static JsonNode withoutSeconds(JsonNode toleration) {
    JsonNode copy = toleration.deepCopy();
    if (copy instanceof ObjectNode object) {
      object.remove("tolerationSeconds");
    }
    return copy;
  }

  /** Returns the new spec with what may change put back, to compare with the old one. */
  private static JsonNode mutableFieldsReset(ObjectNode pod, ObjectNode old) {
    ObjectNode spec = pod.path("spec").deepCopy();
    ObjectNode before = old.path("spec") instanceof ObjectNode o ? o : Json.object();
    for (String list : List.of("containers", "initContainers")) {
      List<ObjectNode> now = objects(spec, list);
      List<ObjectNode> then = objects(before, list);
      for (int i = 0; i < Math.min(now.size(), then.size()); i++) {
        keep(now.get(i), then.get(i), "image");
      }
    }
    keep(spec, before, "activeDeadlineSeconds");
    keep(spec, before, "tolerations");
    keep(spec, before, "schedulingGates");
    if (SchedulingGates.narrowsSelector(pod, old)) {
      keep(spec, before, "nodeSelector");
    }
    if (before.path("terminationGracePeriodSeconds").asLong() < 0
        && spec.path("terminationGracePeriodSeconds").asLong() == 1) {
      keep(spec, before, "terminationGracePeriodSeconds");
    }
    return spec;
  }

  @Override
  public boolean deletesGracefully() {
    return true;
  }

  /** Unscheduled and finished pods have nothing to shut down. */
  @Override
  public long gracePeriodSeconds(ObjectNode pod, OptionalLong requested) {
    String phase = pod.path("status").path("phase").asText("");
    if (pod.path("spec").path("nodeName").asText("").isEmpty()
        || phase.equals("Succeeded")
        || phase.equals("Failed")) {
      return 0;
    }
    long period =
        requested.orElse(pod.path("spec").path("terminationGracePeriodSeconds").asLong(30));
    return period < 0 ? 1 : period;
  }
}
