package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The pods bound to this node: watched, each brought forward by its {@link PodWorker}. */
final class Pods {
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
    informer =
        new Informer<>(
                client,
                Resource.PODS,
                ListOptions.ALL.withFieldSelector("spec.nodeName=" + options.nodeName()),
                context)
            .addHandler(new Handler(client, events));
    return informer.start();
  }

  /** Stops; containers in this process end with it. */
  Future<Void> stop() {
    Future<Void> stopped = informer == null ? Future.succeededFuture() : informer.stop();
    workers.values().forEach(PodWorker::kill);
    return stopped.eventually(loop::stop).eventually(prober::close);
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

  /** Finds the log of a container. */
  PodLogs.Source logs(String namespace, String name, String container, boolean previous)
      throws PodLogs.NotFoundException, PodLogs.NotAvailableException {
    String uid = newest.get(new Name(namespace, name));
    PodWorker worker = uid == null ? null : workers.get(uid);
    if (worker != null) {
      return worker.logs(container, previous);
    }
    throw new PodLogs.NotFoundException("pod \"" + name + "\" does not exist\n");
  }

  /** Returns a PodList as text. */
  String list() {
    ObjectNode list = Json.object().put("kind", "PodList").put("apiVersion", "v1");
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    workers.values().forEach(worker -> items.add(worker.toJson()));
    return list.toString();
  }

  /** Returns gauges in Prometheus' text format. */
  String metrics() {
    long running = workers.values().stream().filter(w -> w.runningContainers() > 0).count();
    long containers = workers.values().stream().mapToInt(PodWorker::runningContainers).sum();
    return """
        # HELP kubelet_running_pods Number of pods that have a running pod sandbox
        # TYPE kubelet_running_pods gauge
        kubelet_running_pods %d
        # HELP kubelet_running_containers Number of containers currently running
        # TYPE kubelet_running_containers gauge
        kubelet_running_containers{container_state="running"} %d
        """
        .formatted(running, containers);
  }

  private final class Handler implements Informer.Handler<Pod> {
    private final ApiClient client;
    private final EventRecorder events;

    Handler(ApiClient client, EventRecorder events) {
      this.client = client;
      this.events = events;
    }

    @Override
    public void added(Item<Pod> item) {
      String uid = item.uid();
      boolean full =
          workers.values().stream().filter(w -> !w.terminal()).count() >= options.maxPods();
      workers.computeIfAbsent(
          uid,
          key ->
              new PodWorker(
                  item.object(),
                  full,
                  options,
                  runtime,
                  client,
                  new ContainerProbes.Means(context, prober, events, () -> loop.add(uid))));
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
