package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.discovery.ServedResource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Watches the metadata of every type that can be deleted, and shows it to the graph. */
final class Monitors {
  /** They come in floods, own nothing, and expire. */
  private static final Set<String> IGNORED = Set.of("/events", "events.k8s.io/events");

  private final ApiClient client;
  private final Context context;
  private final DependencyGraph graph;
  private final Map<Resource<ObjectMetadata>, Informer<ObjectMetadata>> running = new HashMap<>();

  Monitors(ApiClient client, Context context, DependencyGraph graph) {
    this.client = client;
    this.context = context;
    this.graph = graph;
  }

  /**
   * Begins to watch types that came, and leaves those that went.
   *
   * @param complete whether a type that is not served has gone for certain
   */
  synchronized void follow(List<ServedResource> served, boolean complete) {
    var wanted =
        served.stream()
            .filter(type -> type.can("delete", "list", "watch"))
            .filter(
                type -> !IGNORED.contains(type.resource().group() + "/" + type.resource().plural()))
            .collect(Collectors.toMap(ServedResource::resource, type -> type, (a, b) -> a));
    wanted.forEach((resource, type) -> running.computeIfAbsent(resource, r -> start(type)));
    if (complete) {
      List.copyOf(running.keySet()).stream()
          .filter(resource -> !wanted.containsKey(resource))
          .forEach(resource -> end(running.remove(resource)));
    }
  }

  /** Completes when every type has been listed. */
  synchronized Future<Void> synced() {
    return Future.all(running.values().stream().map(Informer::hasSynced).toList()).mapEmpty();
  }

  synchronized Future<Void> stop() {
    var ended = new ArrayList<Future<Void>>();
    running.values().forEach(informer -> ended.add(informer.stop()));
    running.clear();
    return Future.join(ended).mapEmpty();
  }

  private Informer<ObjectMetadata> start(ServedResource type) {
    var informer = new Informer<>(client, type.resource(), ListOptions.ALL, context);
    informer.addHandler(new Changes(type));
    var unused = informer.start();
    return informer;
  }

  private static void end(Informer<ObjectMetadata> informer) {
    var unused = informer.stop();
  }

  private final class Changes implements Informer.Handler<ObjectMetadata> {
    private final ServedResource type;

    Changes(ServedResource type) {
      this.type = type;
    }

    @Override
    public void added(Item<ObjectMetadata> item) {
      graph.observe(type, item.object());
    }

    @Override
    public void updated(Item<ObjectMetadata> before, Item<ObjectMetadata> now) {
      graph.observe(type, now.object());
    }

    @Override
    public void deleted(Item<ObjectMetadata> last) {
      graph.remove(last.uid());
    }
  }
}
