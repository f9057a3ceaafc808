package io.hubspoke.kubelet.runtime.cri;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ContainerConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Names sandboxes and containers as the real kubelet does, so that crictl and others that look into
 * the runtime find their way, and marks them as this kubelet's.
 */
final class KubernetesLabels {
  private static final String POD = "io.kubernetes.pod.";
  private static final String CONTAINER = "io.kubernetes.container.";

  /** Tells the kubelets of one machine apart: no two have the same {@code --root-dir}. */
  private static final String OWNER = "io.hubspoke.kubelet.root-dir";

  private final Map<String, String> owner;

  KubernetesLabels(Path rootDir) {
    this.owner = Map.of(OWNER, rootDir.toAbsolutePath().normalize().toString());
  }

  /** Returns what selects everything that this kubelet has made, in an earlier run too. */
  Map<String, String> owner() {
    return owner;
  }

  /** Returns what selects one pod's. */
  Map<String, String> uid(String uid) {
    return Map.of(POD + "uid", uid);
  }

  Map<String, String> sandbox(Pod pod) {
    Map<String, String> labels = new HashMap<>();
    if (pod.getMetadata().getLabels() != null) {
      labels.putAll(pod.getMetadata().getLabels());
    }
    labels.putAll(pod(pod));
    return labels;
  }

  Map<String, String> sandboxAnnotations(Pod pod) {
    Map<String, String> given = pod.getMetadata().getAnnotations();
    return given == null ? Map.of() : given;
  }

  Map<String, String> container(ContainerConfig config) {
    Map<String, String> labels = pod(config.pod());
    labels.put(CONTAINER + "name", config.name());
    return labels;
  }

  Map<String, String> containerAnnotations(ContainerConfig config) {
    Container spec = config.spec();
    Map<String, String> annotations = new HashMap<>();
    annotations.put(CONTAINER + "hash", hash(spec));
    annotations.put(CONTAINER + "restartCount", String.valueOf(config.attempt()));
    annotations.put(
        CONTAINER + "terminationMessagePath", orEmpty(spec.getTerminationMessagePath()));
    annotations.put(
        CONTAINER + "terminationMessagePolicy", orEmpty(spec.getTerminationMessagePolicy()));
    Long grace = config.pod().getSpec().getTerminationGracePeriodSeconds();
    if (grace != null) {
      annotations.put(POD + "terminationGracePeriod", grace.toString());
    }
    if (!spec.getPorts().isEmpty()) {
      ArrayNode ports = Json.object().putArray("ports");
      spec.getPorts().forEach(port -> ports.add(Json.tree(port)));
      annotations.put(CONTAINER + "ports", ports.toString());
    }
    return annotations;
  }

  private Map<String, String> pod(Pod pod) {
    Map<String, String> labels = new HashMap<>(owner);
    labels.put(POD + "name", pod.getMetadata().getName());
    labels.put(POD + "namespace", pod.getMetadata().getNamespace());
    labels.put(POD + "uid", pod.getMetadata().getUid());
    return labels;
  }

  /** Changes when the container's definition does. */
  private static String hash(Container spec) {
    CRC32 crc = new CRC32();
    crc.update(Json.tree(spec).toString().getBytes(StandardCharsets.UTF_8));
    return Long.toHexString(crc.getValue());
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
