package io.hubspoke.controllermanager.daemonsets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.hubspoke.api.Json;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import io.hubspoke.controllermanager.workloads.Templated;
import java.util.List;

/**
 * What a daemon set asks for.
 *
 * @param object as the informer has it; nothing here changes it
 * @param tree the same
 * @param podSpec the template's, with what every daemon bears
 */
record DaemonSpec(DaemonSet object, ObjectNode tree, LabelSelector selector, PodSpec podSpec)
    implements Templated<DaemonSet> {
  private static final String TAINTS = "node.kubernetes.io/";
  private static final String NO_SCHEDULE = "NoSchedule";
  private static final String NO_EXECUTE = "NoExecute";

  static DaemonSpec of(DaemonSet object) {
    // Through bytes, so that a number is the same node whether it was typed as int or as long.
    var tree = Json.parseObject(Json.bytes(Json.tree(object)));
    return new DaemonSpec(
        object,
        tree,
        selector(object),
        Json.convert(tolerant(tree.path("spec").path("template").path("spec")), PodSpec.class));
  }

  static LabelSelector selector(DaemonSet object) {
    return LabelSelector.fromObject(Json.tree(object.getSpec().getSelector()));
  }

  String namespace() {
    return Meta.namespace(tree);
  }

  String name() {
    return Meta.name(tree);
  }

  String uid() {
    return Meta.uid(tree);
  }

  // An int, as small numbers are read: a long would make equal statuses differ.
  int generation() {
    return tree.path("metadata").path("generation").asInt();
  }

  /** Returns the number that people still find on pods; empty when the set has none. */
  String templateGeneration() {
    return Meta.annotations(tree).getOrDefault("deprecated.daemonset.template.generation", "");
  }

  @Override
  public ObjectNode template() {
    return tree.path("spec").path("template") instanceof ObjectNode t ? t : Json.object();
  }

  @Override
  public int revisionHistoryLimit() {
    return tree.path("spec").path("revisionHistoryLimit").asInt(10);
  }

  @Override
  public int collisionCount() {
    return tree.path("status").path("collisionCount").asInt();
  }

  int minReadySeconds() {
    return tree.path("spec").path("minReadySeconds").asInt();
  }

  /** Returns whether changes of the template are rolled out, rather than on deletion only. */
  boolean rolls() {
    return tree.path("spec").path("updateStrategy").path("type").asText().equals("RollingUpdate");
  }

  /** Returns whether a node may have its new pod beside the old one. */
  boolean surges() {
    return rolls() && share(rolling("maxSurge"), 100) > 0;
  }

  /** Returns how many nodes of those wanted may have two pods for a time. */
  int maxSurge(int wanted) {
    return share(rolling("maxSurge"), wanted);
  }

  /** Returns how many nodes of those wanted may be without a pod that is available. */
  int maxUnavailable(int wanted) {
    var unavailable = share(rolling("maxUnavailable"), wanted);
    // Neither is what rounding may bring about; then nothing would ever move.
    return unavailable == 0 && maxSurge(wanted) == 0 ? 1 : unavailable;
  }

  private JsonNode rolling(String field) {
    return tree.path("spec").path("updateStrategy").path("rollingUpdate").path(field);
  }

  /** Returns a number, or a share of all rounded up; 0 for what is neither. */
  private static int share(JsonNode value, int all) {
    if (!value.isTextual()) {
      return value.asInt();
    }
    var text = value.textValue();
    try {
      var percent = Long.parseLong(text.substring(0, Math.max(0, text.length() - 1)));
      return Math.toIntExact((percent * all + 99) / 100);
    } catch (ArithmeticException | NumberFormatException e) {
      return 0;
    }
  }

  /**
   * Returns the template of the pod for one node. Required node affinity for the node's name stands
   * in place of the template's own, which has been looked at by then, so that the scheduler binds
   * the pod there and nowhere else.
   */
  PodTemplateSpec template(String node, String hash) {
    var template = template().deepCopy();
    var labels = Meta.of(template).withObject("labels");
    labels.put(DaemonPods.HASH, hash);
    if (!templateGeneration().isEmpty()) {
      labels.put(DaemonPods.GENERATION, templateGeneration());
    }
    var spec = tolerant(template.path("spec"));
    template.set("spec", spec);
    spec.withObject("affinity")
        .withObject("nodeAffinity")
        .putObject("requiredDuringSchedulingIgnoredDuringExecution")
        .putArray("nodeSelectorTerms")
        .addObject()
        .putArray("matchFields")
        .addObject()
        .put("key", DaemonPods.NODE_FIELD)
        .put("operator", "In")
        .putArray("values")
        .add(node);
    return Json.convert(template, PodTemplateSpec.class);
  }

  /** Adds what every daemon bears: it belongs to its node, whatever state that is in. */
  private static ObjectNode tolerant(JsonNode podSpec) {
    var spec = podSpec instanceof ObjectNode s ? s.deepCopy() : Json.object();
    var tolerations =
        spec.get("tolerations") instanceof ArrayNode t ? t : spec.putArray("tolerations");
    tolerate(tolerations, "not-ready", NO_EXECUTE);
    tolerate(tolerations, "unreachable", NO_EXECUTE);
    for (var key : List.of("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")) {
      tolerate(tolerations, key, NO_SCHEDULE);
    }
    if (spec.path("hostNetwork").asBoolean()) {
      tolerate(tolerations, "network-unavailable", NO_SCHEDULE);
    }
    return spec;
  }

  private static void tolerate(ArrayNode tolerations, String key, String effect) {
    var wanted =
        Json.object().put("key", TAINTS + key).put("operator", "Exists").put("effect", effect);
    for (var i = 0; i < tolerations.size(); i++) {
      var present = tolerations.get(i);
      if (present.path("key").equals(wanted.path("key"))
          && present.path("operator").equals(wanted.path("operator"))
          && present.path("effect").equals(wanted.path("effect"))
          && present.path("value").asText().isEmpty()) {
        // One with a limit in time would have the daemon evicted.
        tolerations.set(i, wanted);
        return;
      }
    }
    tolerations.add(wanted);
  }
}
