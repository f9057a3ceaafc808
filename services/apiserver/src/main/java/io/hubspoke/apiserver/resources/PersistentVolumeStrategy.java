package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** PersistentVolumes: storage that outlives pods; what it is made of stays. */
final class PersistentVolumeStrategy extends GenericStrategy {
  static final List<String> ACCESS_MODES =
      List.of("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod");
  static final List<String> VOLUME_MODES = List.of("Block", "Filesystem");
  private static final List<String> RECLAIM = List.of("Delete", "Recycle", "Retain");

  /** What a volume can be made of. */
  private static final Set<String> SOURCES =
      Set.of(
          "awsElasticBlockStore",
          "azureDisk",
          "azureFile",
          "cephfs",
          "cinder",
          "csi",
          "fc",
          "flexVolume",
          "flocker",
          "gcePersistentDisk",
          "glusterfs",
          "hostPath",
          "iscsi",
          "local",
          "nfs",
          "photonPersistentDisk",
          "portworxVolume",
          "quobyte",
          "rbd",
          "scaleIO",
          "storageos",
          "vsphereVolume");

  PersistentVolumeStrategy() {
    super(false, true, Map.of());
  }

  @Override
  void applyDefaults(ObjectNode volume) {
    ObjectNode spec = object(volume, "spec");
    setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
    setDefault(spec, "volumeMode", "Filesystem");
    if (spec.get("hostPath") instanceof ObjectNode path && !path.has("type")) {
      path.put("type", "");
    }
    setDefault(object(volume, "status"), "phase", "Pending");
  }

  @Override
  void validate(ObjectNode volume, FieldErrors errors) {
    JsonNode spec = volume.path("spec");
    accessModes(spec.path("accessModes"), "spec.accessModes", errors);
    JsonNode capacity = spec.path("capacity");
    if (capacity.isEmpty()) {
      errors.required("spec.capacity", "");
    } else if (!capacity.has("storage") || capacity.size() > 1) {
      errors.notSupported("spec.capacity", capacity, List.of("storage"));
    }
    Quantities.validate(capacity, "spec.capacity", errors);
    PodValidation.oneOf(spec, "persistentVolumeReclaimPolicy", "spec", RECLAIM, errors);
    PodValidation.oneOf(spec, "volumeMode", "spec", VOLUME_MODES, errors);
    long sources = SOURCES.stream().filter(spec::has).count();
    if (sources == 0) {
      errors.required("spec", "must specify a volume type");
    } else if (sources > 1) {
      errors.forbidden("spec", "may not specify more than 1 volume type");
    }
    source(spec, errors);
    String storageClass = spec.path("storageClassName").asText("");
    if (!storageClass.isEmpty()) {
      errors.invalid("spec.storageClassName", storageClass, Names.dns1123Subdomain(storageClass));
    }
  }

  private static void source(JsonNode spec, FieldErrors errors) {
    if (spec.has("hostPath")) {
      path(spec.path("hostPath").path("path").asText(""), "spec.hostPath.path", errors);
    }
    if (spec.has("local")) {
      path(spec.path("local").path("path").asText(""), "spec.local.path", errors);
      if (!spec.path("nodeAffinity").has("required")) {
        errors.required("spec.nodeAffinity", "Local volume requires node affinity");
      }
    }
    if (spec.has("nfs")) {
      required(spec.path("nfs"), "server", "spec.nfs", errors);
      required(spec.path("nfs"), "path", "spec.nfs", errors);
    }
    if (spec.has("csi")) {
      CsiNames.validate(spec.path("csi").path("driver").asText(""), "spec.csi.driver", errors);
      required(spec.path("csi"), "volumeHandle", "spec.csi", errors);
    }
  }

  private static void path(String path, String at, FieldErrors errors) {
    if (path.isEmpty()) {
      errors.required(at, "");
    } else if (List.of(path.split("/", -1)).contains("..")) {
      errors.invalid(at, path, "must not contain '..'");
    }
  }

  private static void required(JsonNode object, String field, String path, FieldErrors errors) {
    if (object.path(field).asText("").isEmpty()) {
      errors.required(path + "." + field, "");
    }
  }

  static void accessModes(JsonNode modes, String path, FieldErrors errors) {
    if (modes.isEmpty()) {
      errors.required(path, "at least 1 access mode is required");
      return;
    }
    boolean alone = false;
    for (JsonNode mode : modes) {
      alone |= mode.asText().equals("ReadWriteOncePod");
      if (!ACCESS_MODES.contains(mode.asText(""))) {
        errors.notSupported(path, mode, ACCESS_MODES);
      }
    }
    if (alone && modes.size() > 1) {
      errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
  }

  @Override
  void validateUpdate(ObjectNode volume, ObjectNode old, String subresource, FieldErrors errors) {
    if (!subresource.isEmpty()) {
      return;
    }
    validate(volume, errors);
    JsonNode spec = volume.path("spec");
    JsonNode before = old.path("spec");
    if (SOURCES.stream().anyMatch(source -> !spec.path(source).equals(before.path(source)))) {
      errors.forbidden(
          "spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
    }
    errors.immutable("spec.volumeMode", spec.path("volumeMode"), before.path("volumeMode"));
    if (before.has("nodeAffinity")) {
      errors.immutable("spec.nodeAffinity", spec.path("nodeAffinity"), before.path("nodeAffinity"));
    }
  }
}
