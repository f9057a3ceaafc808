package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/** Tells which secrets, configmaps, claims and service accounts a pod refers to. */
public final class PodReferences {
  private static final List<String> CONTAINER_FIELDS =
      List.of("containers", "initContainers", "ephemeralContainers");

  /** What is referred to, always in the pod's own namespace. */
  public enum Kind {
    SERVICE_ACCOUNT,
    SECRET,
    CONFIG_MAP,
    CLAIM
  }

  private PodReferences() {}

  /** Returns the kinds of which the pod refers to any object. */
  public static Set<Kind> kinds(JsonNode pod) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    // By the same visit that decides what may be read, so that neither knows of more.
    visit(pod, (kind, name) -> kinds.add(kind));
    return kinds;
  }

  /** Names everything that the pod refers to, once or more often; a name may be missing (empty). */
  static void visit(JsonNode pod, BiConsumer<Kind, String> visitor) {
    JsonNode spec = pod.path("spec");
    for (String field : List.of("serviceAccountName", "serviceAccount")) {
      if (!spec.path(field).asText("").isEmpty()) {
        visitor.accept(Kind.SERVICE_ACCOUNT, spec.path(field).asText());
      }
    }
    for (JsonNode ref : spec.path("imagePullSecrets")) {
      visit(ref, "name", Kind.SECRET, visitor);
    }
    for (JsonNode volume : spec.path("volumes")) {
      volume(pod, volume, visitor);
    }
    for (String field : CONTAINER_FIELDS) {
      for (JsonNode container : spec.path(field)) {
        for (JsonNode source : container.path("envFrom")) {
          visit(source.path("secretRef"), "name", Kind.SECRET, visitor);
          visit(source.path("configMapRef"), "name", Kind.CONFIG_MAP, visitor);
        }
        for (JsonNode variable : container.path("env")) {
          JsonNode from = variable.path("valueFrom");
          visit(from.path("secretKeyRef"), "name", Kind.SECRET, visitor);
          visit(from.path("configMapKeyRef"), "name", Kind.CONFIG_MAP, visitor);
        }
      }
    }
  }

  private static void volume(JsonNode pod, JsonNode volume, BiConsumer<Kind, String> visitor) {
    visit(volume.path("secret"), "secretName", Kind.SECRET, visitor);
    visit(volume.path("azureFile"), "secretName", Kind.SECRET, visitor);
    visit(volume.path("configMap"), "name", Kind.CONFIG_MAP, visitor);
    visit(volume.path("persistentVolumeClaim"), "claimName", Kind.CLAIM, visitor);
    if (volume.has("ephemeral")) {
      // An ephemeral volume's claim is named after its pod and volume.
      String name = pod.path("metadata").path("name").asText() + "-";
      visitor.accept(Kind.CLAIM, name + volume.path("name").asText());
    }
    for (JsonNode source : volume) {
      // Volume drivers name a secret as secretRef, CSI as nodePublishSecretRef.
      visit(source.path("secretRef"), "name", Kind.SECRET, visitor);
      visit(source.path("nodePublishSecretRef"), "name", Kind.SECRET, visitor);
    }
    for (JsonNode source : volume.path("projected").path("sources")) {
      visit(source.path("secret"), "name", Kind.SECRET, visitor);
      visit(source.path("configMap"), "name", Kind.CONFIG_MAP, visitor);
    }
  }

  private static void visit(
      JsonNode ref, String field, Kind kind, BiConsumer<Kind, String> visitor) {
    if (ref.isObject()) {
      visitor.accept(kind, ref.path(field).asText(""));
    }
  }
}
