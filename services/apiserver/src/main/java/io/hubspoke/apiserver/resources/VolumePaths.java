package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Validates the paths of a pod's files, none of which may lead out of its volume. */
final class VolumePaths {
  private static final List<String> KEYED = List.of("secret", "configMap", "downwardAPI");

  private VolumePaths() {}

  /** Validates which part of a volume is mounted. */
  static void mount(JsonNode mount, String path, FieldErrors errors) {
    descending(mount.path("subPath").asText(""), path + ".subPath", errors);
    descending(mount.path("subPathExpr").asText(""), path + ".subPathExpr", errors);
  }

  /** Validates where a volume's files go. */
  static void volume(JsonNode volume, String path, FieldErrors errors) {
    items(volume, path, errors);
    JsonNode sources = volume.path("projected").path("sources");
    for (int i = 0; i < sources.size(); i++) {
      String at = path + ".projected.sources[" + i + "]";
      items(sources.get(i), at, errors);
      for (String source : List.of("serviceAccountToken", "clusterTrustBundle")) {
        if (sources.get(i).path(source).isObject()) {
          file(sources.get(i).path(source), at + "." + source + ".path", errors);
        }
      }
    }
  }

  private static void items(JsonNode source, String path, FieldErrors errors) {
    for (String field : KEYED) {
      JsonNode items = source.path(field).path("items");
      for (int i = 0; i < items.size(); i++) {
        file(items.get(i), path + "." + field + ".items[" + i + "].path", errors);
      }
    }
  }

  private static void file(JsonNode item, String path, FieldErrors errors) {
    String file = item.path("path").asText("");
    if (file.isEmpty()) {
      errors.required(path, "");
      return;
    }
    descending(file, path, errors);
    // Names that begin so are the kubelet's own, which replaces the files as a whole.
    if (file.startsWith("..") && !file.equals("..") && !file.startsWith("../")) {
      errors.invalid(path, file, "must not start with '..'");
    }
  }

  private static void descending(String file, String path, FieldErrors errors) {
    if (file.startsWith("/")) {
      errors.invalid(path, file, "must be a relative path");
    }
    if (List.of(file.split("/", -1)).contains("..")) {
      errors.invalid(path, file, "must not contain '..'");
    }
  }
}
