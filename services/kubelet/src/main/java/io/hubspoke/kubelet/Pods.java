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

  /** Watches the node's pods; completes when those of the first list are known. */
  Future<Void> start(ApiClient client, EventRecorder events) {
    objects = new ReferencedObjects(client, context);
    informer =
        new Informer<>(
                client,
                Resource.PODS,
                ListOptions.ALL.withFieldSelector("spec.nodeName=" + options.nodeName()),
                context)
            .addHandler(
                new Handler(
                    new PodWorker.Node(
                        options,
                        runtime,
                        client,
                        events,
                        objects,
                        NodeStatus.description(options),
                        context,
                        prober)));
    return informer.start().map(v -> deleteOrphans());
  }

  /** Stops; containers in this process end with it. */
  Future<Void> stop() {
    Future<Void> stopped = informer == null ? Future.succeededFuture() : informer.stop();
    workers.values().forEach(PodWorker::kill);
    ReferencedObjects open = objects;
    return stopped
        .eventually(loop::stop)
        .eventually(() -> open == null ? Future.succeededFuture() : open.stop())
        .eventually(prober::close);
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

  private final class Handler implements Informer.Handler<Pod> {
    private final PodWorker.Node node;

    Handler(PodWorker.Node node) {
      this.node = node;
    }

    @Override
    public void added(Item<Pod> item) {
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
      PodWorker worker = workers.get(now.uid());
      if (worker != null) {
        worker.update(now.object());
        loop.add(now.uid());
      }
    }

    @Override
    public void deleted(Item<Pod> last) {
      PodWorker worker = workers.get(last.uid());
      if (worker != null) {
        worker.disappear();
        loop.add(last.uid());
      }
    }
  }
}
