package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.Store;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Every resource's objects: reads come from watch caches, writes go through admission and the
 * resource's strategy to the store. A write completes when the caches have it, so that whoever is
 * told of it sees it. Futures fail with an {@link ApiException} and complete on any thread.
 */
public final class Registry {
  /** How many objects of a collection are deleted at a time when webhooks are asked about each. */
  private static final int AT_A_TIME = 32;

  private final Cacher cacher;
  private final Lister lister;
  private final ObjectReader reader;
  private final ObjectWriter writer;
  private final ObjectDeleter deleter;
  private final Admission admission;

  /**
   * Makes a registry of the resources in {@link ResourceTable}.
   *
   * @param admission asked about writes after {@code NamespaceLifecycle}
   * @param allocators for the types whose objects need something beside themselves
   */
  public Registry(
      Vertx vertx,
      Store store,
      Function<Lister, Admission> admission,
      Map<ResourceType, Allocator> allocators) {
    this(vertx, store, admission, allocators, InstantSource.system());
  }

  Registry(
      Vertx vertx,
      Store store,
      Function<Lister, Admission> admission,
      Map<ResourceType, Allocator> allocators,
      InstantSource clock) {
    this.cacher = new Cacher(store, ResourceTable.all());
    this.lister = new CacheLister(cacher);
    this.admission = admission.apply(lister).after(new NamespaceLifecycle(lister));
    this.reader = new ObjectReader(vertx, store, cacher);
    var path = new WritePath(store, cacher, this.admission, new SystemMetadata(clock), allocators);
    this.writer = new ObjectWriter(path);
    this.deleter = new ObjectDeleter(path);
  }

  /** Completes when the caches hold what the store holds. */
  public Future<Void> start() {
    return cacher.start();
  }

  /** Ends all watches; the store stays open. */
  public Future<Void> stop() {
    cacher.stop();
    return Future.succeededFuture();
  }

  /** Returns a view of the newest objects, current once {@link #start} is done. */
  public Lister lister() {
    return lister;
  }

  /** Returns how many watches of a resource are running. */
  public int watcherCount(Resource resource) {
    return cacher.cache(resource.type()).watcherCount();
  }

  /**
   * Gets an object; fails with 404 when there is none.
   *
   * @param resourceVersion the revision that the answer must not be older than; empty for the
   *     newest
   */
  public Future<StoredObject> get(Target target, String resourceVersion) {
    return attempt(() -> reader.get(target, resourceVersion));
  }

  public Future<ObjectList> list(Selection selection, ReadOptions options) {
    return attempt(() -> reader.list(selection, options));
  }

  /**
   * Watches a selection.
   *
   * @param resourceVersion the revision after which to begin; empty or "0" to begin with what there
   *     is
   * @param initialEvents whether to begin with what there is in any case, and say where that ends
   * @param wakeup called on any thread when there may be something to poll
   */
  public Future<Watcher> watch(
      Selection selection, String resourceVersion, boolean initialEvents, Runnable wakeup) {
    return attempt(() -> reader.watch(selection, resourceVersion, initialEvents, wakeup));
  }

  /** Creates an object, which is the registry's from now on; fails with 409 when it exists. */
  public Future<StoredObject> create(Target target, ObjectNode object, WriteOptions options) {
    return attempt(() -> writer.create(target, object, options)).compose(this::cached);
  }

  /**
   * Replaces an object, at the version that the new one names if it does; creates it if there is
   * none and its kind allows that.
   *
   * @param mayCreate called before a creation; throws when the user may not create
   */
  public Future<Replacement> update(
      Target target, ObjectNode object, WriteOptions options, Runnable mayCreate) {
    Future<Replacement> updated =
        change(target, old -> object.deepCopy(), options).map(made -> new Replacement(made, false));
    if (!target.resource().strategy().allowsCreateOnUpdate() || !target.subresource().isEmpty()) {
      return updated;
    }
    return updated.recover(
        e -> {
          if (!(e instanceof ApiException refusal) || refusal.code() != 404) {
            return Future.failedFuture(e);
          }
          if (!Meta.uid(object).isEmpty()) {
            // It is a certain object that is to be replaced, and that one is gone.
            return Future.failedFuture(
                SystemMetadata.otherObject(target, Meta.uid(object), "").toException());
          }
          mayCreate.run();
          return create(target, named(object, target.name()), options)
              .map(made -> new Replacement(made, true));
        });
  }

  public Future<StoredObject> patch(Target target, Patch patch, WriteOptions options) {
    return change(target, current -> patch.apply(target.type(), current), options);
  }

  /**
   * Changes an object.
   *
   * @param change makes the new object of a copy of the current one; called again when somebody
   *     else was quicker
   */
  public Future<StoredObject> change(
      Target target, Function<ObjectNode, ObjectNode> change, WriteOptions options) {
    return attempt(() -> writer.update(target, change, options)).compose(this::cached);
  }

  /** Has webhooks change and judge what is no object of the registry's to be stored. */
  Future<Optional<ObjectNode>> review(AdmissionRequest request) {
    return attempt(() -> admission.review(request));
  }

  boolean hasWebhooks() {
    return admission.hasWebhooks();
  }

  /** Deletes an object, or marks it as being deleted when something holds it. */
  public Future<Deletion> delete(Target target, DeleteOptions options, User user) {
    return delete(target, options, user, Origin.SERVER);
  }

  /** Deletes an object as a request asks for it. */
  public Future<Deletion> delete(Target target, DeleteOptions options, User user, Origin origin) {
    return attempt(() -> deleter.delete(target, options, user, origin))
        .compose(deletion -> cached(deletion.object()).map(deletion));
  }

  /** Deletes what is selected and returns it as it was. */
  public Future<ObjectList> deleteCollection(
      Selection selection, ReadOptions options, DeleteOptions deletion, User user, Origin origin) {
    return list(selection, options)
        .compose(
            list -> {
              Function<StoredObject, Future<StoredObject>> delete =
                  object -> deleteListed(selection, object, deletion, user, origin);
              // Each would be a call at the same time of every webhook.
              int most = hasWebhooks() ? AT_A_TIME : Math.max(1, list.items().size());
              return deleteListed(list.items(), most, delete)
                  .map(
                      all ->
                          new ObjectList(
                              list.type(),
                              all,
                              list.revision(),
                              list.continueToken(),
                              list.remaining()));
            });
  }

  private static Future<List<StoredObject>> deleteListed(
      List<StoredObject> objects,
      int atATime,
      Function<StoredObject, Future<StoredObject>> delete) {
    int now = Math.min(atATime, objects.size());
    if (now == 0) {
      return Future.succeededFuture(List.of());
    }
    return Future.join(objects.subList(0, now).stream().map(delete).toList())
        .compose(
            done ->
                deleteListed(objects.subList(now, objects.size()), atATime, delete)
                    .map(
                        more ->
                            Stream.concat(
                                    done.<StoredObject>list().stream().filter(Objects::nonNull),
                                    more.stream())
                                .toList()));
  }

  /** Returns the deleted object, or null when somebody else was quicker. */
  private Future<StoredObject> deleteListed(
      Selection selection, StoredObject object, DeleteOptions options, User user, Origin origin) {
    var target = Target.of(selection.resource(), object.namespace(), object.name());
    return delete(target, options, user, origin)
        .map(Deletion::object)
        .recover(
            e ->
                e instanceof ApiException refusal && refusal.code() == 404
                    ? Future.succeededFuture()
                    : Future.failedFuture(e));
  }

  private Future<StoredObject> cached(StoredObject object) {
    return cacher.reached(object.revision()).map(object);
  }

  private static ObjectNode named(ObjectNode object, String name) {
    ObjectNode copy = object.deepCopy();
    if (!(copy.get("metadata") instanceof ObjectNode)) {
      copy.set("metadata", Json.object());
    }
    Meta.of(copy).put("name", name).remove("resourceVersion");
    return copy;
  }

  private static <T> Future<T> attempt(java.util.function.Supplier<Future<T>> work) {
    try {
      return work.get();
    } catch (ApiException e) {
      return Future.failedFuture(e);
    }
  }
}
