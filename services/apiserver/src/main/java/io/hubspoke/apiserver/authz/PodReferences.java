package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Predicate;

/** Tells which secrets, configmaps and claims a pod refers to. */
public final class PodReferences {
  private static final List<String> CONTAINER_FIELDS =
      List.of("containers", "initContainers", "ephemeralContainers");

  private PodReferences() {}

  public static boolean secret(JsonNode pod, String name) {
    return anySecret(pod, name::equals);
  }

  public static boolean configMap(JsonNode pod, String name) {
    return anyConfigMap(pod, name::equals);
  }

  public static boolean claim(JsonNode pod, String name) {
    return anyClaim(pod, name::equals);
  }

  /** Returns whether the pod refers to any secret, configmap, claim or service account. */
  public static boolean any(JsonNode pod) {
    JsonNode spec = pod.path("spec");
    if (!spec.path("serviceAccountName").asText("").isEmpty()
        || !spec.path("serviceAccount").asText("").isEmpty()
        || !spec.path("resourceClaims").isEmpty()) {
      return true;
    }
    for (JsonNode volume : spec.path("volumes")) {
      // Its sources may be tokens and trust bundles as well.
      if (volume.has("projected")) {
        return true;
      }
    }
    // By the same visit that decides what may be read, so that neither knows of more.
    Predicate<String> whatever = name -> true;
    return anySecret(pod, whatever) || anyConfigMap(pod, whatever) || anyClaim(pod, whatever);
  }

  private static boolean anySecret(JsonNode pod, Predicate<String> which) {
    JsonNode spec = pod.path("spec");
    for (JsonNode ref : spec.path("imagePullSecrets")) {
      if (isNamed(ref, which)) {
        return true;
      }
    }
    for (JsonNode volume : spec.path("volumes")) {
      if (isNamed(volume.path("secret"), "secretName", which)
          || isNamed(volume.path("azureFile"), "secretName", which)
          || driverSecret(volume, which)
          || projected(volume, "secret", which)) {
        return true;
      }
    }
    return environment(spec, "secretRef", "secretKeyRef", which);
  }

  private static boolean anyConfigMap(JsonNode pod, Predicate<String> which) {
    JsonNode spec = pod.path("spec");
    for (JsonNode volume : spec.path("volumes")) {
      if (isNamed(volume.path("configMap"), which) || projected(volume, "configMap", which)) {
        return true;
      }
    }
    return environment(spec, "configMapRef", "configMapKeyRef", which);
  }

  private static boolean anyClaim(JsonNode pod, Predicate<String> which) {
    for (JsonNode volume : pod.path("spec").path("volumes")) {
      if (isNamed(volume.path("persistentVolumeClaim"), "claimName", which)) {
        return true;
      }
      // An ephemeral volume's claim is named after its pod and volume.
      if (volume.has("ephemeral")
          && which.test(
              pod.path("metadata").path("name").asText() + "-" + volume.path("name").asText())) {
        return true;
      }
    }
    return false;
  }

  private static boolean projected(JsonNode volume, String kind, Predicate<String> which) {
    for (JsonNode source : volume.path("projected").path("sources")) {
      if (isNamed(source.path(kind), which)) {
        return true;
      }
    }
    return false;
  }

  /** Volume drivers name a secret as {@code secretRef}, CSI as {@code nodePublishSecretRef}. */
  private static boolean driverSecret(JsonNode volume, Predicate<String> which) {
    for (JsonNode source : volume) {
      if (isNamed(source.path("secretRef"), which)
          || isNamed(source.path("nodePublishSecretRef"), which)) {
        return true;
      }
    }
    return false;
  }

  private static boolean environment(
      JsonNode spec, String from, String key, Predicate<String> which) {
    for (String field : CONTAINER_FIELDS) {
      for (JsonNode container : spec.path(field)) {
        for (JsonNode source : container.path("envFrom")) {
          if (isNamed(source.path(from), which)) {
            return true;
          }
        }
        for (JsonNode variable : container.path("env")) {
          if (isNamed(variable.path("valueFrom").path(key), which)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static boolean isNamed(JsonNode ref, Predicate<String> which) {
    return isNamed(ref, "name", which);
  }

  private static boolean isNamed(JsonNode ref, String field, Predicate<String> which) {
    return ref.isObject() && which.test(ref.path(field).asText(""));
  }
}
