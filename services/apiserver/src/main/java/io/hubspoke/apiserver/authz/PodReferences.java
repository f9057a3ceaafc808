package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Tells which secrets, configmaps and claims a pod refers to. */
public final class PodReferences {
  private static final List<String> CONTAINER_FIELDS =
      List.of("containers", "initContainers", "ephemeralContainers");

  private PodReferences() {}

  public static boolean secret(JsonNode pod, String name) {
    JsonNode spec = pod.path("spec");
    for (JsonNode ref : spec.path("imagePullSecrets")) {
      if (isNamed(ref, name)) {
        return true;
      }
    }
    for (JsonNode volume : spec.path("volumes")) {
      if (volume.path("secret").path("secretName").asText("").equals(name)
          || driverSecret(volume, name)
          || projected(volume, "secret", name)) {
        return true;
      }
    }
    return environment(spec, "secretRef", "secretKeyRef", name);
  }

  public static boolean configMap(JsonNode pod, String name) {
    JsonNode spec = pod.path("spec");
    for (JsonNode volume : spec.path("volumes")) {
      if (isNamed(volume.path("configMap"), name) || projected(volume, "configMap", name)) {
        return true;
      }
    }
    return environment(spec, "configMapRef", "configMapKeyRef", name);
  }

  public static boolean claim(JsonNode pod, String name) {
    for (JsonNode volume : pod.path("spec").path("volumes")) {
      String claim = volume.path("persistentVolumeClaim").path("claimName").asText("");
      // An ephemeral volume's claim is named after its pod and volume.
      String ephemeral =
          volume.has("ephemeral")
              ? pod.path("metadata").path("name").asText() + "-" + volume.path("name").asText()
              : "";
      if (claim.equals(name) || ephemeral.equals(name)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether the pod refers to any secret, configmap, claim or service account. */
  public static boolean any(JsonNode pod) {
    JsonNode spec = pod.path("spec");
    if (!spec.path("serviceAccountName").asText("").isEmpty()
        || !spec.path("imagePullSecrets").isEmpty()) {
      return true;
    }
    for (JsonNode volume : spec.path("volumes")) {
      if (volume.has("secret")
          || volume.has("configMap")
          || volume.has("persistentVolumeClaim")
          || volume.has("ephemeral")
          || volume.has("projected")
          || volume.findValue("secretRef") != null
          || volume.findValue("nodePublishSecretRef") != null) {
        return true;
      }
    }
    for (String field : CONTAINER_FIELDS) {
      for (JsonNode container : spec.path(field)) {
        if (!container.path("envFrom").isEmpty()
            || container.path("env").findValue("secretKeyRef") != null
            || container.path("env").findValue("configMapKeyRef") != null) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean projected(JsonNode volume, String kind, String name) {
    for (JsonNode source : volume.path("projected").path("sources")) {
      if (isNamed(source.path(kind), name)) {
        return true;
      }
    }
    return false;
  }

  /** Volume drivers name a secret as {@code secretRef}, CSI as {@code nodePublishSecretRef}. */
  private static boolean driverSecret(JsonNode volume, String name) {
    for (JsonNode source : volume) {
      if (isNamed(source.path("secretRef"), name)
          || isNamed(source.path("nodePublishSecretRef"), name)) {
        return true;
      }
    }
    return volume.path("azureFile").path("secretName").asText("").equals(name);
  }

  private static boolean environment(JsonNode spec, String from, String key, String name) {
    for (String field : CONTAINER_FIELDS) {
      for (JsonNode container : spec.path(field)) {
        for (JsonNode source : container.path("envFrom")) {
          if (isNamed(source.path(from), name)) {
            return true;
          }
        }
        for (JsonNode variable : container.path("env")) {
          if (isNamed(variable.path("valueFrom").path(key), name)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static boolean isNamed(JsonNode ref, String name) {
    return ref.path("name").asText("").equals(name);
  }
}
