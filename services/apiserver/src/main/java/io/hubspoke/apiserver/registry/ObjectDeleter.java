package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Instant;
import java.util.OptionalLong;

/** Deletes objects: at once, or after their grace period, or once their finalizers are gone. */
final class ObjectDeleter {
  private final WritePath path;

  ObjectDeleter(WritePath path) {
    this.path = path;
  }

  Future<Deletion> delete(Target target, DeleteOptions options, User user) {
    return path.store().get(target.key()).compose(entry -> delete(target, options, user, entry));
  }

  private Future<Deletion> delete(Target target, DeleteOptions options, User user, Entry entry) {
    if (entry == null) {
      return Future.failedFuture(Status.notFound(target.type(), target.name()).toException());
    }
    WatchCache cache = path.cache(target);
    ObjectNode old = cache.encoding().decode(entry.value(), entry.revision());
    checkPreconditions(target, options, old);
    path.admission()
        .admit(
            new AdmissionRequest(
                AdmissionRequest.Operation.DELETE,
                user,
                target.type(),
                target.subresource(),
                target.namespace(),
                target.name(),
                null,
                old,
                options.dryRun()));
    ObjectNode waiting = old.deepCopy();
    Future<Deletion> done =
        mark(target, waiting, options)
            ? keep(cache, entry, waiting, options)
            : remove(target, entry, options);
    return done.recover(
        e ->
            e instanceof ConflictException conflict
                ? delete(target, options, user, conflict.current())
                : Future.failedFuture(e));
  }

  private Future<Deletion> keep(
      WatchCache cache, Entry entry, ObjectNode waiting, DeleteOptions options) {
    Buffer value = cache.encoding().encode(waiting);
    if (options.dryRun() || value.equals(entry.value())) {
      return Future.succeededFuture(
          new Deletion(cache.object(entry.key(), value, entry.revision()), false));
    }
    return path.store()
        .update(entry.key(), value, entry.revision())
        .map(made -> new Deletion(cache.object(made.key(), value, made.revision()), false));
  }

  private Future<Deletion> remove(Target target, Entry entry, DeleteOptions options) {
    WatchCache cache = path.cache(target);
    if (options.dryRun()) {
      return Future.succeededFuture(
          new Deletion(cache.object(entry.key(), entry.value(), entry.revision()), true));
    }
    return path.store()
        .delete(entry.key(), entry.revision())
        .map(gone -> cache.object(gone.key(), gone.value(), gone.revision()))
        .compose(gone -> path.allocator(target).release(gone.tree()).map(new Deletion(gone, true)));
  }

  /** Marks an object as being deleted; returns false if nothing is to be waited for. */
  private boolean mark(Target target, ObjectNode object, DeleteOptions options) {
    boolean namespace = target.type().equals(ResourceTable.NAMESPACES.type());
    if (namespace && Meta.deleting(object) && Finality.held(target.type(), object)) {
      throw Status.conflict(
              target.type(),
              target.name(),
              "The system is ensuring all content is removed from this namespace.  Upon completion,"
                  + " this namespace will automatically be purged by the system.")
          .toException();
    }
    long grace =
        Meta.deleting(object)
            ? shorten(object, options.gracePeriodSeconds())
            : begin(target, object, options.gracePeriodSeconds());
    if (namespace) {
      ObjectNode status =
          object.get("status") instanceof ObjectNode s ? s : object.putObject("status");
      status.put("phase", "Terminating");
    }
    return grace > 0 || Finality.held(target.type(), object);
  }

  private long begin(Target target, ObjectNode object, OptionalLong requested) {
    long grace = target.resource().strategy().gracePeriodSeconds(object, requested);
    ObjectNode meta = Meta.of(object);
    meta.put("deletionTimestamp", path.metadata().now().plusSeconds(grace).toString());
    meta.put("deletionGracePeriodSeconds", grace);
    if (meta.path("generation").asLong() > 0) {
      meta.put("generation", meta.path("generation").asLong() + 1);
    }
    return grace;
  }

  /** A later deletion may shorten the wait, never extend it. */
  private static long shorten(ObjectNode object, OptionalLong requested) {
    ObjectNode meta = Meta.of(object);
    long current = meta.path("deletionGracePeriodSeconds").asLong(0);
    if (requested.isEmpty() || requested.getAsLong() >= current) {
      return current;
    }
    long grace = requested.getAsLong();
    Instant begun = Instant.parse(Meta.text(object, "deletionTimestamp")).minusSeconds(current);
    meta.put("deletionTimestamp", begun.plusSeconds(grace).toString());
    meta.put("deletionGracePeriodSeconds", grace);
    return grace;
  }

  private static void checkPreconditions(Target target, DeleteOptions options, ObjectNode old) {
    if (!options.uid().isEmpty() && !options.uid().equals(Meta.uid(old))) {
      throw failed(target, SystemMetadata.uidMismatch(options.uid(), Meta.uid(old)));
    }
    String version = Meta.resourceVersion(old);
    if (!options.resourceVersion().isEmpty() && !options.resourceVersion().equals(version)) {
      throw failed(
          target,
          "Precondition failed: ResourceVersion in precondition: "
              + options.resourceVersion()
              + ", ResourceVersion in object meta: "
              + version);
    }
  }

  private static ApiException failed(Target target, String why) {
    return Status.conflict(target.type(), target.name(), why).toException();
  }
}
