package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.volumes.DownwardApi;
import io.hubspoke.runtime.Flag;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Describes this node as the API's Node object does. */
final class NodeStatus {
  /** Below this much free memory the kubelet evicts pods, so that it can't be promised to any. */
  private static final long EVICTION_RESERVE_KI = 100 << 10;

  static final String DISK_PRESSURE = "DiskPressure";

  /** By which keys the node's SSH server is known: a line each, as OpenSSH writes public keys. */
  static final String SSH_HOST_KEYS = "hubspoke.io/ssh-host-keys";

  /**
   * With a hundredth left a disk is full. The real kubelet's default is a tenth; clusters on one
   * machine, which has other users too, go without (as kind's do) or nearly so.
   */
  private static final int FULL = 100;

  /** How much memory the machine has. */
  static final long MEMORY_KI = memoryKi();

  // Read once: a thousand nodes of one process report every ten seconds.
  private static final String BOOT_ID = firstLine(Path.of("/proc/sys/kernel/random/boot_id"));
  private static final String OS_IMAGE = osImage();

  private final KubeletOptions options;
  private final ContainerRuntime runtime;
  private final int apiPort;

  NodeStatus(KubeletOptions options, ContainerRuntime runtime, int apiPort) {
    this.options = options;
    this.runtime = runtime;
    this.apiPort = apiPort;
  }

  /**
   * Returns the object to register.
   *
   * @throws IOException when the host keys that it is to publish are not there yet
   */
  ObjectNode node(Instant now) throws IOException {
    ObjectNode node = Json.object().put("kind", "Node").put("apiVersion", "v1");
    ObjectNode metadata = node.putObject("metadata").put("name", options.nodeName());
    metadata.set("labels", labels());
    if (!options.sshHostKeys().isEmpty()) {
      metadata.putObject("annotations").put(SSH_HOST_KEYS, String.join("\n", sshHostKeys()));
    }
    node.putObject("spec");
    node.set("status", status(Json.object(), now));
    return node;
  }

  /**
   * Returns kinds and keys; comments, which say who made them and where, stay here.
   *
   * @throws IOException when they are not there yet
   */
  private List<String> sshHostKeys() throws IOException {
    List<String> keys = new ArrayList<>();
    for (Path file : options.sshHostKeys()) {
      String[] parts =
          Flag.read("--ssh-host-keys", () -> Files.readString(file).strip().split("\\s+", 3));
      if (parts.length < 2) {
        throw new IOException("--ssh-host-keys: " + file + ": holds no public key");
      }
      keys.add(parts[0] + " " + parts[1]);
    }
    return keys;
  }

  /** Tells whether a node that is known from before has published these keys. */
  boolean hasHostKeys(ObjectNode known) throws IOException {
    String published = Meta.annotations(known).getOrDefault(SSH_HOST_KEYS, "");
    return published.lines().map(String::strip).toList().containsAll(sshHostKeys());
  }

  /** Returns labels that the kubelet sees to. */
  ObjectNode labels() {
    ObjectNode labels = Json.object();
    String arch = architecture();
    labels.put("beta.kubernetes.io/arch", arch).put("beta.kubernetes.io/os", "linux");
    labels.put("kubernetes.io/arch", arch).put("kubernetes.io/os", "linux");
    labels.put("kubernetes.io/hostname", options.nodeName());
    options.nodeLabels().forEach(labels::put);
    return labels;
  }

  /**
   * Returns the status.
   *
   * @param before the status known last, for transition times
   */
  ObjectNode status(JsonNode before, Instant now) {
    ObjectNode status = Json.object();
    resources(options, status.putObject("capacity"), MEMORY_KI);
    resources(
        options, status.putObject("allocatable"), Math.max(0, MEMORY_KI - EVICTION_RESERVE_KI));
    ArrayNode conditions = status.putArray("conditions");
    JsonNode old = before.path("conditions");
    boolean full = isFull(options.rootDir());
    conditions.add(
        condition(
            old,
            now,
            "MemoryPressure",
            false,
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"));
    conditions.add(
        condition(
            old,
            now,
            DISK_PRESSURE,
            full,
            full ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
            full ? "kubelet has disk pressure" : "kubelet has no disk pressure"));
    conditions.add(
        condition(
            old,
            now,
            "PIDPressure",
            false,
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available"));
    String trouble = runtime.notReady().orElse("");
    conditions.add(
        trouble.isEmpty()
            ? condition(old, now, "Ready", true, "KubeletReady", "kubelet is posting ready status")
            : condition(old, now, "Ready", false, "KubeletNotReady", trouble));
    ArrayNode addresses = status.putArray("addresses");
    addresses.addObject().put("type", "InternalIP").put("address", options.nodeIp());
    addresses.addObject().put("type", "Hostname").put("address", options.nodeName());
    status.putObject("daemonEndpoints").putObject("kubeletEndpoint").put("Port", apiPort);
    status.set("nodeInfo", nodeInfo());
    ArrayNode images = status.putArray("images");
    runtime.images().forEach(i -> images.addObject().put("sizeBytes", 0).putArray("names").add(i));
    return status;
  }

  /** Returns what pods are told of the resources that they may have here. */
  static DownwardApi description(KubeletOptions options) {
    ObjectNode resources = Json.object();
    resources(options, resources, Math.max(0, MEMORY_KI - EVICTION_RESERVE_KI));
    Map<String, Quantity> allocatable = new HashMap<>();
    resources
        .properties()
        .forEach(entry -> allocatable.put(entry.getKey(), new Quantity(entry.getValue().asText())));
    return new DownwardApi(allocatable);
  }

  /** Returns what tells one status from another, but for the times of their heartbeats. */
  static byte[] lasting(ObjectNode status) {
    return Json.bytes(withoutHeartbeats(status));
  }

  /** Tells whether a node says that it is elsewhere, or another machine, than its kubelet says. */
  static boolean isOfAnother(JsonNode known, ObjectNode own) {
    for (JsonNode address : own.path("addresses")) {
      boolean there = false;
      for (JsonNode other : known.path("addresses")) {
        there |= other.equals(address);
      }
      if (!there) {
        return true;
      }
    }
    return !known.at("/nodeInfo/bootID").equals(own.at("/nodeInfo/bootID"));
  }

  private static ObjectNode withoutHeartbeats(ObjectNode status) {
    ObjectNode copy = status.deepCopy();
    for (JsonNode condition : copy.path("conditions")) {
      ((ObjectNode) condition).remove(List.of("lastHeartbeatTime", "lastTransitionTime"));
    }
    return copy;
  }

  private static void resources(KubeletOptions options, ObjectNode resources, long memory) {
    resources.put("cpu", String.valueOf(Runtime.getRuntime().availableProcessors()));
    resources.put("ephemeral-storage", diskKi(options.rootDir()) + "Ki");
    resources.put("memory", memory + "Ki");
    resources.put("pods", String.valueOf(options.maxPods()));
  }

  private static ObjectNode condition(
      JsonNode before, Instant now, String type, boolean value, String reason, String message) {
    String status = value ? "True" : "False";
    String since = Times.seconds(now);
    for (JsonNode old : before) {
      if (old.path("type").asText().equals(type) && old.path("status").asText().equals(status)) {
        since = old.path("lastTransitionTime").asText(since);
      }
    }
    return Json.object()
        .put("type", type)
        .put("status", status)
        .put("lastHeartbeatTime", Times.seconds(now))
        .put("lastTransitionTime", since)
        .put("reason", reason)
        .put("message", message);
  }

  private ObjectNode nodeInfo() {
    String id =
        UUID.nameUUIDFromBytes(options.nodeName().getBytes(StandardCharsets.UTF_8)).toString();
    return Json.object()
        .put("machineID", id.replace("-", ""))
        .put("systemUUID", id)
        .put("bootID", BOOT_ID)
        .put("kernelVersion", System.getProperty("os.version"))
        .put("osImage", OS_IMAGE)
        .put("containerRuntimeVersion", runtime.version())
        .put("kubeletVersion", Kubelet.VERSION)
        .put("kubeProxyVersion", "")
        .put("operatingSystem", "linux")
        .put("architecture", architecture());
  }

  private static String architecture() {
    String arch = System.getProperty("os.arch");
    return arch.equals("aarch64") ? "arm64" : arch.equals("x86_64") ? "amd64" : arch;
  }

  private static String osImage() {
    try (var lines = Files.lines(Path.of("/etc/os-release"))) {
      return lines
          .filter(l -> l.startsWith("PRETTY_NAME="))
          .map(l -> l.substring(12).replace("\"", ""))
          .findFirst()
          .orElse("Linux");
    } catch (IOException e) {
      return System.getProperty("os.name");
    }
  }

  private static String firstLine(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static long memoryKi() {
    try (var lines = Files.lines(Path.of("/proc/meminfo"))) {
      return lines
          .filter(l -> l.startsWith("MemTotal:"))
          .mapToLong(l -> Long.parseLong(l.replace("MemTotal:", "").replace("kB", "").strip()))
          .findFirst()
          .orElse(0);
    } catch (IOException | NumberFormatException e) {
      // No /proc here; the heap's limit says at least something.
      return Runtime.getRuntime().maxMemory() >> 10;
    }
  }

  private static boolean isFull(Path path) {
    File disk = path.toFile();
    return disk.getTotalSpace() > 0 && disk.getUsableSpace() < disk.getTotalSpace() / FULL;
  }

  private static long diskKi(Path path) {
    return new File(path.toString()).getTotalSpace() >> 10;
  }
}
