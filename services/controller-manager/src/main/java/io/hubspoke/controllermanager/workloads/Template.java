package io.hubspoke.controllermanager.workloads;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.hubspoke.api.Json;

/** A pod template as deployments tell one from another: whatever its hash label says. */
record Template(ObjectNode tree) {
  static final String HASH_LABEL = "pod-template-hash";

  static Template of(PodTemplateSpec template) {
    var tree = Json.tree(template);
    if (tree.path("metadata").path("labels") instanceof ObjectNode labels) {
      labels.remove(HASH_LABEL);
    }
    return new Template(tree);
  }

  /**
   * Returns the hash that names a replica set of this template.
   *
   * @param collisions tells names apart that would be the same; null for none
   */
  String hash(Integer collisions) {
    return TemplateHash.of(tree, collisions == null ? 0 : collisions);
  }

  /** Returns the template with the hash among its labels. */
  PodTemplateSpec labelled(String hash) {
    var copy = tree.deepCopy();
    copy.withObject("/metadata/labels").put(HASH_LABEL, hash);
    return Json.convert(copy, PodTemplateSpec.class);
  }
}
