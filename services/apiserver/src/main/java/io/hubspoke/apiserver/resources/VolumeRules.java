package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Validates a pod's volumes: their names, and that each has one source. */
final class VolumeRules {
  /** The field of a source that names what is mounted. */
  private static final Map<String, String> NAMED_BY =
      Map.of(
          "secret", "secretName",
          "configMap", "name",
          "persistentVolumeClaim", "claimName",
          "hostPath", "path",
          "nfs", "server",
          "csi", "driver");

  /** Fields of a volume that are sources; clients may send others that are unknown here. */
  private static final Set<String> SOURCES =
      Set.of(
          "awsElasticBlockStore",
          "azureDisk",
          "azureFile",
          "cephfs",
          "cinder",
          "configMap",
          "csi",
          "downwardAPI",
          "emptyDir",
          "ephemeral",
          "fc",
          "flexVolume",
          "flocker",
          "gcePersistentDisk",
          "gitRepo",
          "glusterfs",
          "hostPath",
          "image",
          "iscsi",
          "nfs",
          "persistentVolumeClaim",
          "photonPersistentDisk",
          "portworxVolume",
          "projected",
          "quobyte",
          "rbd",
          "scaleIO",
          "secret",
          "storageos",
          "vsphereVolume");

  private VolumeRules() {}

  /** Validates volumes and returns their names. */
  static Set<String> validate(JsonNode volumes, String path, FieldErrors errors) {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < volumes.size(); i++) {
      String at = path + "[" + i + "]";
      String name = volumes.get(i).path("name").asText("");
      if (name.isEmpty()) {
        errors.required(at + ".name", "");
      } else {
        errors.invalid(at + ".name", name, Names.dns1123Label(name));
        if (!names.add(name)) {
          errors.duplicate(at + ".name", name);
        }
      }
      source(volumes.get(i), at, errors);
      VolumePaths.volume(volumes.get(i), at, errors);
    }
    return names;
  }

  private static void source(JsonNode volume, String path, FieldErrors errors) {
    boolean found = false;
    for (var field : volume.properties()) {
      if (!SOURCES.contains(field.getKey())) {
        continue;
      }
      String at = path + "." + field.getKey();
      if (found) {
        errors.forbidden(at, "may not specify more than 1 volume type");
        continue;
      }
      found = true;
      String key = NAMED_BY.get(field.getKey());
      if (key != null && field.getValue().path(key).asText("").isEmpty()) {
        errors.required(at + "." + key, "");
      } else if (field.getKey().equals("hostPath")
          && Arrays.asList(field.getValue().path("path").asText().split("/")).contains("..")) {
        errors.invalid(at + ".path", field.getValue().get("path"), "must not contain '..'");
      }
    }
    if (!found) {
      errors.required(path, "must specify a volume type");
    }
  }
}
