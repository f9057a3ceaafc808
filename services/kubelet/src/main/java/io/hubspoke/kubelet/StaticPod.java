package io.hubspoke.kubelet;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Names;
import io.hubspoke.api.Yaml;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/** Reads a pod from a manifest of the node (Kubernetes documentation, "Create static Pods"). */
final class StaticPod {
  static final String SOURCE = "kubernetes.io/config.source";
  static final String HASH = "kubernetes.io/config.hash";
  static final String MIRROR = "kubernetes.io/config.mirror";

  private static final int UID_BYTES = 16;

  private StaticPod() {}

  /**
   * Reads a manifest in YAML or JSON.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static Pod read(byte[] manifest, Path file, String node) {
    ObjectNode pod;
    try {
      pod = Yaml.parseObject(manifest);
    } catch (ApiException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    require(
        pod.path("kind").asText().equals("Pod") && pod.path("apiVersion").asText().equals("v1"),
        "expected a Pod of v1");
    ObjectNode metadata = pod.withObject("/metadata");
    if (metadata.path("namespace").asText().isEmpty()) {
      metadata.put("namespace", "default");
    }
    String name = metadata.path("name").asText() + "-" + node;
    metadata.put("name", name);
    require(
        Names.dns1123Subdomain(name).isEmpty(),
        "metadata.name: \"" + metadata.path("name").asText() + "\" is no lower-case DNS name");
    String namespace = metadata.path("namespace").asText();
    require(
        Names.dns1123Label(namespace).isEmpty(),
        "metadata.namespace: \"" + namespace + "\" is no lower-case DNS label");
    ObjectNode spec = pod.withObject("/spec");
    checkContainers(spec);
    defaults(spec, node);
    pod.remove("status");
    metadata.remove("uid");
    String uid = uid(file, node, pod);
    metadata.put("uid", uid);
    ObjectNode annotations = metadata.withObject("/annotations");
    annotations.put(HASH, uid).put(SOURCE, "file");
    annotations.remove(MIRROR);
    try {
      return Json.convert(pod, Pod.class);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static void checkContainers(ObjectNode spec) {
    require(!spec.path("containers").isEmpty(), "spec.containers: at least one is required");
    Set<String> names = new HashSet<>();
    for (String list : new String[] {"initContainers", "containers"}) {
      for (JsonNode container : spec.path(list)) {
        String name = container.path("name").asText();
        require(
            Names.dns1123Label(name).isEmpty() && names.add(name),
            "spec." + list + ": \"" + name + "\" is no lower-case DNS label, or there twice");
        require(
            !container.path("image").asText().isEmpty(),
            "spec." + list + "[" + name + "].image: required");
      }
    }
  }

  private static void defaults(ObjectNode spec, String node) {
    spec.put("nodeName", node);
    Map<String, String> texts = Map.of("restartPolicy", "Always", "dnsPolicy", "ClusterFirst");
    texts.forEach(
        (field, value) -> {
          if (!spec.has(field)) {
            spec.put(field, value);
          }
        });
    if (!spec.has("terminationGracePeriodSeconds")) {
      spec.put("terminationGracePeriodSeconds", 30);
    }
    // No taint drives away what the node itself wants.
    spec.withArray("/tolerations").addObject().put("operator", "Exists").put("effect", "NoExecute");
  }

  /**
   * Makes a UID that is the same as long as nothing is changed, so that it outlasts the kubelet.
   */
  private static String uid(Path file, String node, ObjectNode pod) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((node + "\0" + file + "\0").getBytes(UTF_8));
      digest.update(Json.bytes(pod));
      return HexFormat.of().formatHex(digest.digest(), 0, UID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Tells whether an object of the API stands for a static pod. */
  static boolean isMirror(Pod pod) {
    return pod.getMetadata().getAnnotations() != null
        && pod.getMetadata().getAnnotations().containsKey(MIRROR);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
