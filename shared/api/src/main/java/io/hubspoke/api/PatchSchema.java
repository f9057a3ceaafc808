package io.hubspoke.api;

import java.util.HashMap;
import java.util.Map;

/**
 * Knows how strategic merge patches treat the lists of built-in types: by the type that a field
 * has, and for a list the key by which its elements are merged ({@code patchMergeKey}). Lists that
 * are not named here are replaced whole.
 */
final class PatchSchema {
  private static final PatchSchema UNKNOWN = new PatchSchema();
  private static final Map<String, PatchSchema> KINDS = kinds();

  /**
   * How a field is patched.
   *
   * @param schema of the field's value or, for a merged list, of its elements
   * @param mergeKey what tells elements apart; empty for a list of primitives that is merged; null
   *     for anything that is no merged list
   */
  record Field(PatchSchema schema, String mergeKey) {}

  private final Map<String, Field> fields = new HashMap<>();

  private PatchSchema() {}

  /** Returns the schema of a kind; one of which nothing is known merges objects only. */
  static PatchSchema of(String group, String kind) {
    return KINDS.getOrDefault(group + "/" + kind, KINDS.get(""));
  }

  /** Returns how a field is patched. */
  Field field(String name) {
    Field field = fields.get(name);
    return field == null ? new Field(UNKNOWN, null) : field;
  }

  private PatchSchema has(String name, PatchSchema schema) {
    fields.put(name, new Field(schema, null));
    return this;
  }

  private PatchSchema merges(String name, String mergeKey, PatchSchema elements) {
    fields.put(name, new Field(elements, mergeKey));
    return this;
  }

  private PatchSchema merges(String name, String mergeKey) {
    return merges(name, mergeKey, UNKNOWN);
  }

  /** Describes ObjectMeta and then each kind (the {@code patchStrategy} tags of k8s.io/api). */
  private static Map<String, PatchSchema> kinds() {
    PatchSchema metadata =
        new PatchSchema().merges("ownerReferences", "uid").merges("finalizers", "");
    PatchSchema container =
        new PatchSchema()
            .merges("ports", "containerPort")
            .merges("env", "name")
            .merges("volumeMounts", "mountPath")
            .merges("volumeDevices", "devicePath");
    PatchSchema podSpec =
        new PatchSchema()
            .merges("volumes", "name")
            .merges("initContainers", "name", container)
            .merges("containers", "name", container)
            .merges("ephemeralContainers", "name", container)
            .merges("imagePullSecrets", "name")
            .merges("hostAliases", "ip")
            .merges("topologySpreadConstraints", "topologyKey")
            .merges("schedulingGates", "name")
            .merges("resourceClaims", "name");
    PatchSchema podStatus =
        conditions()
            .merges("podIPs", "ip")
            .merges("hostIPs", "ip")
            .merges("resourceClaimStatuses", "name");
    PatchSchema template = object(metadata).has("spec", podSpec);
    PatchSchema workload =
        object(metadata)
            .has("spec", new PatchSchema().has("template", template))
            .has("status", conditions());

    Map<String, PatchSchema> kinds = new HashMap<>();
    kinds.put("", object(metadata));
    kinds.put("/Pod", object(metadata).has("spec", podSpec).has("status", podStatus));
    kinds.put("/PodTemplate", object(metadata).has("template", template));
    kinds.put(
        "/Node",
        object(metadata)
            .has("spec", new PatchSchema().merges("podCIDRs", ""))
            .has("status", conditions().merges("addresses", "type")));
    kinds.put("/Namespace", object(metadata).has("status", conditions()));
    kinds.put(
        "/Service",
        object(metadata)
            .has("spec", new PatchSchema().merges("ports", "port"))
            .has("status", conditions()));
    kinds.put("/ServiceAccount", object(metadata).merges("secrets", "name"));
    kinds.put("/ReplicationController", workload);
    for (String kind : new String[] {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"}) {
      kinds.put("apps/" + kind, workload);
    }
    kinds.put("batch/Job", workload);
    return Map.copyOf(kinds);
  }

  private static PatchSchema object(PatchSchema metadata) {
    return new PatchSchema().has("metadata", metadata);
  }

  private static PatchSchema conditions() {
    return new PatchSchema().merges("conditions", "type");
  }
}
