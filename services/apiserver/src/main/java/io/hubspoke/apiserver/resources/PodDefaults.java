package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.GenericStrategy.isEmpty;
import static io.hubspoke.apiserver.resources.GenericStrategy.object;
import static io.hubspoke.apiserver.resources.GenericStrategy.objects;
import static io.hubspoke.apiserver.resources.GenericStrategy.setDefault;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Fills in a pod's spec as the core group's defaults and the default admission plugins do. */
final class PodDefaults {
  private static final List<String> CONTAINER_LISTS =
      List.of("initContainers", "containers", "ephemeralContainers");

  private PodDefaults() {}

  /** Fills in a pod. */
  static void apply(ObjectNode spec) {
    applyToTemplate(spec);
    if (!spec.has("enableServiceLinks")) {
      spec.put("enableServiceLinks", true);
    }
    boolean hostNetwork = spec.path("hostNetwork").asBoolean();
    for (String list : CONTAINER_LISTS) {
      for (ObjectNode container : objects(spec, list)) {
        requests(object(container, "resources"));
        if (hostNetwork) {
          objects(container, "ports").forEach(PodDefaults::hostPort);
        }
      }
    }
  }

  /** Fills in the spec of a template, to which some defaults come only with the pod. */
  static void applyToTemplate(ObjectNode spec) {
    setDefault(spec, "restartPolicy", "Always");
    setDefault(spec, "terminationGracePeriodSeconds", 30);
    setDefault(spec, "dnsPolicy", "ClusterFirst");
    setDefault(spec, "schedulerName", "default-scheduler");
    object(spec, "securityContext");
    // serviceAccount is the older name of serviceAccountName; both carry the same value.
    if (isEmpty(spec.get("serviceAccountName")) && !isEmpty(spec.get("serviceAccount"))) {
      spec.set("serviceAccountName", spec.get("serviceAccount"));
    }
    if (!isEmpty(spec.get("serviceAccountName"))) {
      spec.set("serviceAccount", spec.get("serviceAccountName"));
    }
    for (String list : CONTAINER_LISTS) {
      objects(spec, list).forEach(PodDefaults::container);
    }
    objects(spec, "volumes").forEach(PodDefaults::volume);
  }

  /** Adds what the ServiceAccount, Priority and DefaultTolerationSeconds plugins add. */
  static void admit(ObjectNode spec, boolean mirror) {
    if (!mirror && isEmpty(spec.get("serviceAccountName"))) {
      spec.put("serviceAccountName", "default").put("serviceAccount", "default");
    }
    if (!spec.has("priority")) {
      spec.put("priority", 0);
    }
    setDefault(spec, "preemptionPolicy", "PreemptLowerPriority");
    tolerateForAWhile(spec);
  }

  /** Adds what the DefaultTolerationSeconds plugin adds, on updates too. */
  static void tolerateForAWhile(ObjectNode spec) {
    tolerate(spec, "node.kubernetes.io/not-ready");
    tolerate(spec, "node.kubernetes.io/unreachable");
  }

  private static void tolerate(ObjectNode spec, String key) {
    for (JsonNode toleration : spec.path("tolerations")) {
      String tolerated = toleration.path("key").asText("");
      String effect = toleration.path("effect").asText("");
      if ((tolerated.isEmpty() || tolerated.equals(key))
          && (effect.isEmpty() || effect.equals("NoExecute"))) {
        return;
      }
    }
    spec.withArray("tolerations")
        .addObject()
        .put("key", key)
        .put("operator", "Exists")
        .put("effect", "NoExecute")
        .put("tolerationSeconds", 300);
  }

  private static void container(ObjectNode container) {
    setDefault(container, "terminationMessagePath", "/dev/termination-log");
    setDefault(container, "terminationMessagePolicy", "File");
    setDefault(container, "imagePullPolicy", pullPolicy(container.path("image").asText("")));
    object(container, "resources");
    objects(container, "ports").forEach(port -> setDefault(port, "protocol", "TCP"));
    for (String probe : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
      if (container.get(probe) instanceof ObjectNode o) {
        probe(o);
      }
    }
    for (String hook : List.of("postStart", "preStop")) {
      httpGet(container.path("lifecycle").path(hook));
    }
    for (ObjectNode env : objects(container, "env")) {
      fieldRef(env.path("valueFrom"));
    }
  }

  private static void requests(ObjectNode resources) {
    if (resources.get("limits") instanceof ObjectNode limits && !limits.isEmpty()) {
      ObjectNode requests = object(resources, "requests");
      limits.properties().forEach(e -> requests.putIfAbsent(e.getKey(), e.getValue()));
    }
  }

  private static void hostPort(ObjectNode port) {
    if (port.path("hostPort").asInt() == 0 && port.has("containerPort")) {
      port.set("hostPort", port.get("containerPort"));
    }
  }

  private static void fieldRef(JsonNode source) {
    if (source.get("fieldRef") instanceof ObjectNode fieldRef) {
      setDefault(fieldRef, "apiVersion", "v1");
    }
  }

  private static void httpGet(JsonNode handler) {
    if (handler.get("httpGet") instanceof ObjectNode get) {
      setDefault(get, "path", "/");
      setDefault(get, "scheme", "HTTP");
    }
  }

  private static void probe(ObjectNode probe) {
    setDefault(probe, "timeoutSeconds", 1);
    setDefault(probe, "periodSeconds", 10);
    setDefault(probe, "successThreshold", 1);
    setDefault(probe, "failureThreshold", 3);
    httpGet(probe);
    if (probe.get("grpc") instanceof ObjectNode grpc && !grpc.has("service")) {
      grpc.put("service", "");
    }
  }

  private static void volume(ObjectNode volume) {
    for (String source : List.of("secret", "configMap", "projected", "downwardAPI")) {
      if (volume.get(source) instanceof ObjectNode o) {
        setDefault(o, "defaultMode", 0644);
      }
    }
    objects(volume.path("downwardAPI"), "items").forEach(PodDefaults::fieldRef);
    for (ObjectNode source : objects(volume.path("projected"), "sources")) {
      objects(source.path("downwardAPI"), "items").forEach(PodDefaults::fieldRef);
      if (source.get("serviceAccountToken") instanceof ObjectNode token) {
        setDefault(token, "expirationSeconds", 3600);
      }
    }
    if (volume.get("hostPath") instanceof ObjectNode path && !path.has("type")) {
      path.put("type", "");
    }
    if (volume.size() == 1 && volume.has("name")) {
      volume.putObject("emptyDir");
    }
  }

  /** An image without a tag, or tagged latest, may change; any other is taken to be fixed. */
  private static String pullPolicy(String image) {
    if (image.contains("@")) {
      return "IfNotPresent";
    }
    int colon = image.lastIndexOf(':');
    boolean tagged = colon > image.lastIndexOf('/');
    return !tagged || image.substring(colon + 1).equals("latest") ? "Always" : "IfNotPresent";
  }
}
