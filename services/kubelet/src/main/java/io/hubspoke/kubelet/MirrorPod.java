package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import java.util.function.Supplier;

/**
 * The object in the API that shows one static pod, which nobody controls by it: deleted, it is made
 * anew.
 */
final class MirrorPod {
  private final ApiClient client;
  private final String node;
  private final Supplier<String> nodeUid;
  private final Pod pod;
  private volatile Pod seen;

  /**
   * Knows of no object yet.
   *
   * @param nodeUid of the Node object; empty before the node is registered
   */
  MirrorPod(ApiClient client, String node, Supplier<String> nodeUid, Pod pod) {
    this.client = client;
    this.node = node;
    this.nodeUid = nodeUid;
    this.pod = pod;
  }

  /** Takes note of the object, null when there is none. */
  void see(Pod object) {
    seen = object;
  }

  /**
   * Sees to it that there is the object; returns its UID, or an empty text while there can't be
   * one. Waits.
   */
  String ensure() {
    if (nodeUid.get().isEmpty()) {
      return "";
    }
    Pod object = seen;
    if (object != null && (!shows(object) || object.getMetadata().getDeletionTimestamp() != null)) {
      delete(object);
      object = null;
    }
    if (object != null) {
      return object.getMetadata().getUid();
    }
    try {
      Pod made =
          Json.convert(
              client
                  .create(Resource.PODS.tree(), pod.getMetadata().getNamespace(), object())
                  .await(),
              Pod.class);
      seen = made;
      return made.getMetadata().getUid();
    } catch (ApiException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
      // From before; the watch will tell of it.
      seen =
          client
              .get(Resource.PODS, pod.getMetadata().getNamespace(), pod.getMetadata().getName())
              .await();
      return shows(seen) ? seen.getMetadata().getUid() : "";
    }
  }

  private boolean shows(Pod object) {
    var annotations = object.getMetadata().getAnnotations();
    return annotations != null
        && pod.getMetadata().getUid().equals(annotations.get(StaticPod.MIRROR));
  }

  private ObjectNode object() {
    ObjectNode mirror = Json.tree(pod);
    ObjectNode metadata = (ObjectNode) mirror.path("metadata");
    metadata.remove("uid");
    metadata.withObject("/annotations").put(StaticPod.MIRROR, pod.getMetadata().getUid());
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Node")
        .put("name", node)
        .put("uid", nodeUid.get())
        .put("controller", true);
    mirror.remove("status");
    return mirror;
  }

  /** Deletes the object, if there is one. Waits. */
  void remove() {
    Pod object = seen;
    if (object != null) {
      delete(object);
    }
  }

  private void delete(Pod object) {
    delete(client, object);
    seen = null;
  }

  /** Deletes a mirror at once; one that is gone is as good. */
  static void delete(ApiClient client, Pod object) {
    var metadata = object.getMetadata();
    client
        .deleteIfPresent(
            Resource.PODS,
            metadata.getNamespace(),
            metadata.getName(),
            DeleteOptions.now(metadata.getUid()))
        .await();
  }
}
