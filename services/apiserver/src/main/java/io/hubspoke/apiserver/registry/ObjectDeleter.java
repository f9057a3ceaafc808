package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.List;

/** Deletes objects: at once, or after their grace period, or once their finalizers are gone. */
final class ObjectDeleter {
  private final WritePath path;

  /** Who deletes, and by which request. */
  private record Asker(User user, Origin origin) {}

  ObjectDeleter(WritePath path) {
    this.path = path;
  }

  Future<Deletion> delete(Target target, DeleteOptions options, User user, Origin origin) {
    return delete(target, options, new Asker(user, origin));
  }

  private Future<Deletion> delete(Target target, DeleteOptions options, Asker asker) {
    return path.store().get(target.key()).compose(entry -> delete(target, options, asker, entry));
  }

  private Future<Deletion> delete(Target target, DeleteOptions options, Asker asker, Entry entry) {
    if (entry == null) {
      return Future.failedFuture(Status.notFound(target.type(), target.name()).toException());
    }
    ObjectNode object = path.cache(target).encoding().decode(entry.value(), entry.revision());
    checkPreconditions(target, options, object);
    AdmissionRequest request =
        new AdmissionRequest(
            AdmissionRequest.Operation.DELETE,
            asker.user,
            target.type(),
            target.subresource(),
            target.namespace(),
            target.name(),
            null,
            object.deepCopy(),
            options.dryRun(),
            asker.origin);
    path.admission().admit(request);
    return path.admission()
        .review(request)
        .compose(allowed -> deleteAdmitted(target, options, asker, entry, object));
  }

  private Future<Deletion> deleteAdmitted(
      Target target, DeleteOptions options, Asker asker, Entry entry, ObjectNode object) {
    Future<Deletion> done =
        switch (new DeletionMark(target, options, path.metadata().now()).set(object)) {
          case WAIT -> store(target, entry, object, options).map(made -> deletion(made, false));
          case REMOVE -> remove(target, entry, options);
          case MARK_AND_REMOVE ->
              store(target, entry, object, options)
                  .compose(marked -> removeMarked(target, marked, options, asker));
        };
    return done.recover(
        e ->
            e instanceof ConflictException conflict
                ? delete(target, options, asker, conflict.current())
                : Future.failedFuture(e));
  }

  /** Stores an object's new state, unless it is the old one. */
  private Future<StoredObject> store(
      Target target, Entry entry, ObjectNode object, DeleteOptions options) {
    WatchCache cache = path.cache(target);
    Buffer value = cache.encoding().encode(object);
    if (options.dryRun() || value.equals(entry.value())) {
      return Future.succeededFuture(cache.object(entry.key(), value, entry.revision()));
    }
    return path.store()
        .update(entry.key(), value, entry.revision())
        .map(made -> cache.object(made.key(), value, made.revision()));
  }

  private Future<Deletion> remove(Target target, Entry entry, DeleteOptions options) {
    if (options.dryRun()) {
      return Future.succeededFuture(
          deletion(path.cache(target).object(entry.key(), entry.value(), entry.revision()), true));
    }
    return path.store()
        .delete(entry.key(), entry.revision())
        .compose(gone -> release(target, gone));
  }

  private Future<Deletion> removeMarked(
      Target target, StoredObject marked, DeleteOptions options, Asker asker) {
    if (options.dryRun()) {
      return Future.succeededFuture(deletion(marked, true));
    }
    return path.store()
        .delete(marked.key(), marked.revision())
        .compose(gone -> release(target, gone))
        .recover(
            e -> {
              if (!(e instanceof ConflictException conflict)) {
                return Future.failedFuture(e);
              }
              // Whoever was told to end it may have been quicker; else the mark is there to see.
              return conflict.current() == null
                  ? Future.succeededFuture(deletion(marked, true))
                  : delete(target, options.anyVersion(), asker, conflict.current());
            });
  }

  private Future<Deletion> release(Target target, Entry gone) {
    StoredObject object = path.cache(target).object(gone.key(), gone.value(), gone.revision());
    return path.allocator(target).release(object.tree()).map(deletion(object, true));
  }

  private static Deletion deletion(StoredObject object, boolean removed) {
    return new Deletion(object, removed);
  }

  static void checkPreconditions(Target target, DeleteOptions options, ObjectNode object) {
    String uid = Meta.uid(object);
    if (!options.uid().isEmpty() && !options.uid().equals(uid)) {
      throw failed(
          target,
          "the UID in the precondition ("
              + options.uid()
              + ") does not match the UID in record ("
              + uid
              + "). The object might have been deleted and then recreated");
    }
    String version = Meta.resourceVersion(object);
    if (!options.resourceVersion().isEmpty() && !options.resourceVersion().equals(version)) {
      throw failed(
          target,
          "the ResourceVersion in the precondition ("
              + options.resourceVersion()
              + ") does not match the ResourceVersion in record ("
              + version
              + "). The object might have been modified");
    }
  }

  /** Names the kind where other conflicts name the resource, as the real apiserver does here. */
  private static RuntimeException failed(Target target, String why) {
    ResourceType type = target.type();
    String kind = type.group().isEmpty() ? type.kind() : type.kind() + "." + type.group();
    return new Status(
            409,
            "Conflict",
            "Operation cannot be fulfilled on " + kind + " \"" + target.name() + "\": " + why,
            new Status.Details(target.name(), type.group(), type.kind(), "", List.of(), 0))
        .toException();
  }
}
