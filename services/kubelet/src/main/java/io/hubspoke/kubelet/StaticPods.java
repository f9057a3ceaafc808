package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Item;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the pods of the manifest folder, whether the apiserver is there or not, and shows them in
 * the API (Kubernetes documentation, "Create static Pods").
 */
final class StaticPods {
  private static final Logger LOG = LoggerFactory.getLogger(StaticPods.class);

  /** How often the folder is looked at; a file that has not changed is not read. */
  private static final Duration CHECK = Duration.ofSeconds(1);

  /** Where the pods run. */
  interface Workers {
    /** Returns whether a pod of that UID is there still. */
    boolean has(String uid);

    /** Returns whether a pod of that namespace and name is there still. */
    boolean taken(Pod pod);

    void add(Pod pod, MirrorPod mirror);

    void remove(String uid);

    /** Has a pod looked at. */
    void look(String uid);
  }

  private record Running(Item.Key name, MirrorPod mirror) {}

  private final String node;
  private final ManifestFolder folder;
  private final ApiClient client;
  private final Supplier<String> nodeUid;
  private final Workers workers;
  private final Map<String, Running> running = new ConcurrentHashMap<>();
  private final Map<Item.Key, Pod> mirrors = new ConcurrentHashMap<>();

  /**
   * Runs none yet.
   *
   * @param path null when there is no folder; mirrors of before are taken away then too
   */
  StaticPods(
      Path path,
      String node,
      ApiClient client,
      EventRecorder events,
      Supplier<String> nodeUid,
      Workers workers) {
    this.node = node;
    this.client = client;
    this.nodeUid = nodeUid;
    this.workers = workers;
    this.folder =
        path == null
            ? null
            : new ManifestFolder(
                path,
                node,
                (file, why) -> {
                  String message = "Could not read static pods from " + file + ": " + why;
                  LOG.error("{}: {}", node, message);
                  events.warning(
                      new Regarding("v1", "Node", "", node, node), "InvalidStaticPod", message);
                });
  }

  /** Follows the folder until the end; waits. */
  void loop(Lifetime lifetime) {
    while (folder != null && !lifetime.ended()) {
      folder.read();
      reconcile();
      lifetime.sleep(CHECK);
    }
  }

  private synchronized void reconcile() {
    Map<String, Pod> wanted =
        folder.pods().stream()
            .collect(
                Collectors.toMap(
                    pod -> pod.getMetadata().getUid(), Function.identity(), (a, b) -> a));
    running
        .keySet()
        .removeIf(
            uid -> {
              if (wanted.containsKey(uid)) {
                return false;
              }
              workers.remove(uid);
              return !workers.has(uid);
            });
    wanted.forEach(
        (uid, pod) -> {
          // The one before under its name has to be gone, as when its manifest was changed.
          if (!running.containsKey(uid) && !workers.taken(pod)) {
            MirrorPod mirror = new MirrorPod(client, node, nodeUid, pod);
            Item.Key name = key(pod);
            mirror.see(mirrors.get(name));
            running.put(uid, new Running(name, mirror));
            workers.add(pod, mirror);
          }
        });
    mirrors.forEach((name, mirror) -> removeOrphan(name, mirror));
  }

  private void removeOrphan(Item.Key name, Pod mirror) {
    if (running.values().stream().anyMatch(pod -> pod.name.equals(name))) {
      return;
    }
    try {
      MirrorPod.delete(client, mirror);
      mirrors.remove(name, mirror);
    } catch (Exception e) {
      LOG.debug("{}: mirror pod {} not deleted yet: {}", node, name, e.getMessage());
    }
  }

  /** Takes note of the object that stands for a static pod in the API. */
  void mirrorSeen(Pod mirror) {
    Item.Key name = key(mirror);
    mirrors.put(name, mirror);
    tell(name, mirror);
  }

  /** Takes note that there is no such object any more. */
  void mirrorGone(Pod last) {
    Item.Key name = key(last);
    mirrors.remove(name);
    tell(name, null);
  }

  /** Takes away what an earlier kubelet with a folder left, where there is none. Waits. */
  void removeAll() {
    if (folder == null) {
      mirrors.forEach(this::removeOrphan);
    }
  }

  private void tell(Item.Key name, Pod mirror) {
    running.forEach(
        (uid, pod) -> {
          if (pod.name.equals(name)) {
            pod.mirror.see(mirror);
            workers.look(uid);
          }
        });
  }

  private static Item.Key key(Pod pod) {
    return new Item.Key(pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }
}
