package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.Map;

/** VolumeAttachments: that a volume is to be attached to a node. */
final class VolumeAttachmentStrategy extends GenericStrategy {
  VolumeAttachmentStrategy() {
    super(false, true, Map.of());
  }

  @Override
  public boolean allowsUnconditionalUpdate() {
    return false;
  }

  @Override
  void applyDefaults(ObjectNode attachment) {
    ObjectNode status = object(attachment, "status");
    if (!status.has("attached")) {
      status.put("attached", false);
    }
  }

  @Override
  void validate(ObjectNode attachment, FieldErrors errors) {
    JsonNode spec = attachment.path("spec");
    CsiNames.validate(spec.path("attacher").asText(""), "spec.attacher", errors);
    JsonNode source = spec.path("source");
    boolean inline = source.has("inlineVolumeSpec");
    boolean volume = source.has("persistentVolumeName");
    if (!inline && !volume) {
      errors.required(
          "spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
    } else if (inline && volume) {
      errors.forbidden(
          "spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
    } else if (volume && source.path("persistentVolumeName").asText("").isEmpty()) {
      errors.required(
          "spec.source.persistentVolumeName", "must specify non empty persistentVolumeName");
    }
    String node = spec.path("nodeName").asText("");
    errors.invalid("spec.nodeName", node, Names.dns1123Subdomain(node));
  }

  @Override
  void validateUpdate(
      ObjectNode attachment, ObjectNode old, String subresource, FieldErrors errors) {
    validate(attachment, errors);
    errors.immutable("spec", attachment.path("spec"), old.path("spec"));
  }
}
