package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.kubelet.server.NodePods;
import io.hubspoke.kubelet.volumes.PodDirectory;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The pods bound to this node: watched, each brought forward by its {@link PodWorker}. */
final class Pods implements NodePods {
  private static final Logger LOG = LoggerFactory.getLogger(Pods.class);

  /** Pods worked on at a time; one that waits for the apiserver holds a place. */
  private static final int WORKERS = 32;

  private record Name(String namespace, String name) {
    static Name of(Pod pod) {
      return new Name(pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    }
  }

  private final KubeletOptions options;
  private final ContainerRuntime runtime;
  private final Context context;
  private final Prober prober;
  private final Map<String, PodWorker> workers = new ConcurrentHashMap<>();

  /**
   * The UID that came last under a namespace and name: one that was deleted at once may still be
   * ending here when its successor runs.
   */
  private final Map<Name, String> newest = new ConcurrentHashMap<>();

  private final ControlLoop<String> loop;
  private volatile Informer<Pod> informer;
  private volatile ReferencedObjects objects;
  private volatile ServiceVariables services;
  private volatile PodWorker.Node node;
  private volatile StaticPods statics;

  /**
   * Makes an empty node.
   *
   * @param context of virtual threads
   */
  Pods(KubeletOptions options, ContainerRuntime runtime, Context context) {
    this.options = options;
    this.runtime = runtime;
    this.context = context;
    this.prober = new Prober(context.owner());
    this.loop = new ControlLoop<>(options.nodeName() + " pods", context, WORKERS, this::sync);
  }

  /**
   * Runs static pods, which need no apiserver.
   *
   * @param nodeUid of the Node object; empty before the node is registered
   */
  void startStatic(
      ApiClient client, EventRecorder events, Supplier<String> nodeUid, Lifetime lifetime) {
    objects = new ReferencedObjects(client, context);
    services = new ServiceVariables(client, context);
    node =
        new PodWorker.Node(
            options,
            runtime,
            client,
            events,
            objects,
            services,
            NodeStatus.description(options),
            context,
            prober);
    statics =
        new StaticPods(
            options.podManifestPath(), options.nodeName(), client, events, nodeUid, new Static());
    context.runOnContext(v -> statics.loop(lifetime));
  }

  /**
   * Watches the node's pods, after {@link #startStatic}; completes when those of the first list are
   * known.
   */
  Future<Void> start(ApiClient client) {
    informer =
        new Informer<>(
                client,
                Resource.PODS,
                ListOptions.ALL.withFieldSelector("spec.nodeName=" + options.nodeName()),
                context)
            .addHandler(new Handler());
    return informer
        .start()
        .map(
            v -> {
              context.runOnContext(w -> statics.removeAll());
              return deleteOrphans();
            });
  }

  /** Stops; containers in this process end with it. */
  Future<Void> stop() {
    Future<Void> stopped = informer == null ? Future.succeededFuture() : informer.stop();
    workers.values().forEach(PodWorker::kill);
    ReferencedObjects open = objects;
    ServiceVariables known = services;
    return stopped
        .eventually(loop::stop)
        // What was about to start when the others were ended.
        .eventually(this::kill)
        .eventually(() -> open == null ? Future.succeededFuture() : open.stop())
        .eventually(() -> known == null ? Future.succeededFuture() : known.stop())
        .eventually(prober::close);
  }

  private Future<Void> kill() {
    workers.values().forEach(PodWorker::kill);
    return Future.succeededFuture();
  }

  /** Deletes the files of pods that went while the kubelet was away. */
  private Void deleteOrphans() {
    try {
      PodDirectory.deleteOrphans(options.rootDir(), workers::containsKey);
    } catch (IOException e) {
      LOG.warn("{}: files of pods of before: {}", options.nodeName(), e.getMessage());
    }
    return null;
  }

  private Duration sync(String uid) throws Exception {
    PodWorker worker = workers.get(uid);
    if (worker == null) {
      return Duration.ZERO;
    }
    Duration next = worker.sync();
    if (worker.finished()) {
      workers.remove(uid);
      newest.remove(Name.of(worker.pod()), uid);
    }
    return next;
  }

  @Override
  public Optional<PodWorker> find(String namespace, String name) {
    String uid = newest.get(new Name(namespace, name));
    return Optional.ofNullable(uid == null ? null : workers.get(uid));
  }

  @Override
  public List<PodWorker> all() {
    return List.copyOf(workers.values());
  }

  /** Static pods among the others. */
  private final class Static implements StaticPods.Workers {
    @Override
    public boolean has(String uid) {
      return workers.containsKey(uid);
    }

    @Override
    public boolean taken(Pod pod) {
      return newest.containsKey(Name.of(pod));
    }

    @Override
    public void add(Pod pod, MirrorPod mirror) {
      String uid = pod.getMetadata().getUid();
      workers.put(uid, new PodWorker(pod, node, mirror, () -> loop.add(uid)));
      newest.put(Name.of(pod), uid);
      loop.add(uid);
    }

    @Override
    public void remove(String uid) {
      PodWorker worker = workers.get(uid);
      if (worker != null) {
        worker.disappear();
        loop.add(uid);
      }
    }

    @Override
    public void look(String uid) {
      loop.add(uid);
    }
  }

  private final class Handler implements Informer.Handler<Pod> {
    @Override
    public void added(Item<Pod> item) {
      if (StaticPod.isMirror(item.object())) {
        statics.mirrorSeen(item.object());
        return;
      }
      String uid = item.uid();
      boolean full =
          workers.values().stream().filter(w -> !w.terminal()).count() >= options.maxPods();
      workers.computeIfAbsent(
          uid, key -> new PodWorker(item.object(), full, node, () -> loop.add(uid)));
      newest.put(Name.of(item.object()), uid);
      loop.add(uid);
    }

    @Override
    public void updated(Item<Pod> before, Item<Pod> now) {
      if (StaticPod.isMirror(now.object())) {
        statics.mirrorSeen(now.object());
        return;
      }
      PodWorker worker = workers.get(now.uid());
      if (worker != null) {
        worker.update(now.object());
        loop.add(now.uid());
      }
    }

    @Override
    public void deleted(Item<Pod> last) {
      if (StaticPod.isMirror(last.object())) {
        statics.mirrorGone(last.object());
        return;
      }
      PodWorker worker = workers.get(last.uid());
      if (worker != null) {
        worker.disappear();
        loop.add(last.uid());
      }
    }
  }
}
