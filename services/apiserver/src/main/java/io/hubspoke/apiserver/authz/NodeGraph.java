package io.hubspoke.apiserver.authz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which objects belong to a node: those that pods bound to it refer to, the volumes of their
 * claims, the secrets of these volumes, and attachments. Each question is a look-up or two, however
 * many nodes and pods there are; the memory is proportional to the pods.
 *
 * <p>One thread at a time tells of changes of a type, any may ask.
 */
final class NodeGraph {
  private static final String MIRROR = "kubernetes.io/config.mirror";

  /** A reference to an object, whether or not it exists. */
  private record Ref(PodReferences.Kind kind, String namespace, String name) {}

  /** How many pods of a node refer to the same object. */
  private static final class Use {
    private final Ref ref;
    private int pods;

    Use(Ref ref) {
      this.ref = ref;
    }
  }

  private record Pod(String node, String uid, int ephemeral, List<Use> uses) {}

  private record Volume(Ref claim, Set<Ref> secrets) {}

  private final Map<String, Pod> pods = new ConcurrentHashMap<>();
  private final Map<String, Map<Ref, Use>> nodes = new ConcurrentHashMap<>();
  private final Map<String, Volume> volumes = new ConcurrentHashMap<>();
  private final Map<Ref, Set<String>> volumesBySecret = new ConcurrentHashMap<>();
  private final Map<String, String> attachments = new ConcurrentHashMap<>();

  /** Returns whether a pod of the node, or the volume of such a pod's claim, refers to this. */
  boolean refers(String node, PodReferences.Kind kind, String namespace, String name) {
    Map<Ref, Use> uses = nodes.getOrDefault(node, Map.of());
    Ref ref = new Ref(kind, namespace, name);
    if (uses.containsKey(ref)) {
      return true;
    }
    for (String volume : volumesBySecret.getOrDefault(ref, Set.of())) {
      Volume found = volumes.get(volume);
      if (found != null && uses.containsKey(found.claim)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a pod of the node has claimed this persistent volume. */
  boolean hasVolume(String node, String volume) {
    Volume found = volumes.get(volume);
    return found != null && nodes.getOrDefault(node, Map.of()).containsKey(found.claim);
  }

  boolean hasAttachment(String node, String attachment) {
    return node.equals(attachments.get(attachment));
  }

  boolean runs(String node, String namespace, String pod) {
    Pod found = pods.get(key(namespace, pod));
    return found != null && found.node.equals(node);
  }

  /** Hears of a pod. What it refers to does not change once it is bound to a node. */
  void pod(String namespace, String name, ObjectNode pod) {
    String key = key(namespace, name);
    String node = pod == null ? "" : pod.path("spec").path("nodeName").asText("");
    Pod before = pods.get(key);
    if (node.isEmpty()) {
      pods.remove(key);
    } else {
      String uid = Meta.uid(pod);
      int ephemeral = pod.path("spec").path("ephemeralContainers").size();
      if (before != null
          && before.node.equals(node)
          && before.uid.equals(uid)
          && before.ephemeral == ephemeral) {
        return;
      }
      // The same few names are in the trees of a hundred thousand pods, each time anew.
      String shared = node.intern();
      pods.put(key, new Pod(shared, uid, ephemeral, use(shared, namespace.intern(), pod)));
    }
    if (before != null) {
      release(before);
    }
  }

  /** Hears of a persistent volume. */
  void volume(String name, ObjectNode volume) {
    Volume before = volumes.get(name);
    JsonNode claim = volume == null ? null : volume.path("spec").path("claimRef");
    Volume now =
        claim == null || !claim.isObject()
            ? null
            : new Volume(
                new Ref(PodReferences.Kind.CLAIM, text(claim, "namespace"), text(claim, "name")),
                secrets(volume.path("spec"), text(claim, "namespace")));
    if (now == null) {
      volumes.remove(name);
    } else {
      volumes.put(name, now);
      now.secrets.forEach(
          secret ->
              volumesBySecret
                  .computeIfAbsent(secret, s -> ConcurrentHashMap.newKeySet())
                  .add(name));
    }
    if (before != null) {
      for (Ref secret : before.secrets) {
        if (now == null || !now.secrets.contains(secret)) {
          volumesBySecret.computeIfPresent(
              secret, (s, names) -> names.remove(name) && names.isEmpty() ? null : names);
        }
      }
    }
  }

  /** Hears of a volume attachment. */
  void attachment(String name, ObjectNode attachment) {
    String node = attachment == null ? "" : text(attachment.path("spec"), "nodeName");
    if (node.isEmpty()) {
      attachments.remove(name);
    } else {
      attachments.put(name, node);
    }
  }

  private List<Use> use(String node, String namespace, ObjectNode pod) {
    // A node makes mirror pods itself: what they name, nobody gave to it.
    if (Meta.annotations(pod).containsKey(MIRROR)) {
      return List.of();
    }
    Set<Ref> refs = new HashSet<>();
    PodReferences.visit(
        pod,
        (kind, name) -> {
          if (!name.isEmpty()) {
            refs.add(new Ref(kind, namespace, name.intern()));
          }
        });
    if (refs.isEmpty()) {
      return List.of();
    }
    Map<Ref, Use> uses = nodes.computeIfAbsent(node, n -> new ConcurrentHashMap<>());
    List<Use> used = new ArrayList<>(refs.size());
    for (Ref ref : refs) {
      Use use = uses.computeIfAbsent(ref, Use::new);
      use.pods++;
      used.add(use);
    }
    return List.copyOf(used);
  }

  private void release(Pod pod) {
    Map<Ref, Use> uses = nodes.get(pod.node);
    for (Use use : pod.uses) {
      if (--use.pods == 0) {
        uses.remove(use.ref);
      }
    }
    if (uses != null && uses.isEmpty()) {
      nodes.remove(pod.node);
    }
  }

  /** The secrets of a volume that a kubelet needs; those of controllers are not its business. */
  private static Set<Ref> secrets(JsonNode spec, String claimNamespace) {
    Set<Ref> secrets = new HashSet<>();
    for (JsonNode source : spec) {
      secret(secrets, source.path("secretRef"), "name", "namespace", claimNamespace);
    }
    secret(secrets, spec.path("azureFile"), "secretName", "secretNamespace", claimNamespace);
    for (String ref :
        List.of("nodeStageSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef")) {
      secret(secrets, spec.path("csi").path(ref), "name", "namespace", claimNamespace);
    }
    return secrets;
  }

  private static void secret(
      Set<Ref> secrets, JsonNode ref, String nameField, String namespaceField, String otherwise) {
    String name = text(ref, nameField);
    if (!name.isEmpty()) {
      String namespace = text(ref, namespaceField);
      secrets.add(
          new Ref(PodReferences.Kind.SECRET, namespace.isEmpty() ? otherwise : namespace, name));
    }
  }

  private static String key(String namespace, String name) {
    return namespace + "/" + name;
  }

  private static String text(JsonNode node, String field) {
    return node.path(field).asText("");
  }
}
