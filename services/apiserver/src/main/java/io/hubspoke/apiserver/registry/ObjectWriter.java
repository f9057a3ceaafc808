package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.AdmissionRequest.Operation;
import io.hubspoke.apiserver.resources.FieldTypes;
import io.hubspoke.apiserver.resources.ObjectMetaRules;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Creates and changes objects: metadata, admission, strategy, validation, store. */
final class ObjectWriter {
  static final String MODIFIED =
      "the object has been modified; please apply your changes to the latest version and try again";

  /** How often a change that names no version is tried again on what others wrote meanwhile. */
  private static final int ATTEMPTS = 20;

  private final WritePath path;

  ObjectWriter(WritePath path) {
    this.path = path;
  }

  Future<StoredObject> create(Target target, ObjectNode object, WriteOptions options) {
    options.validation().ofWholeObject();
    options.validation().check(target.type(), FieldTypes.check(target.type(), object), List::of);
    path.metadata().initialize(target, object);
    AdmissionRequest request =
        request(Operation.CREATE, target.named(Meta.name(object)), object, null, options);
    return then(
        then(path.admission().ready(request), v -> path.admission().mutate(request)),
        changed -> {
          changed.ifPresent(made -> path.metadata().initialize(target, made));
          ObjectNode made = changed.orElse(object);
          boolean generate = Meta.name(made).isEmpty();
          return create(target, made, options, generate ? GeneratedName.ATTEMPTS : 1, generate);
        });
  }

  /** Goes on at once where nothing is to be waited for, as mostly. */
  private static <T, R> Future<R> then(Future<T> step, Function<T, Future<R>> next) {
    return step.succeeded() ? next.apply(step.result()) : step.compose(next);
  }

  private Future<StoredObject> create(
      Target target, ObjectNode object, WriteOptions options, int attempts, boolean generate) {
    ObjectNode attempt = generate ? object.deepCopy() : object;
    String prefix = Meta.text(attempt, "generateName");
    if (generate && !prefix.isEmpty()) {
      Meta.of(attempt).put("name", GeneratedName.from(prefix));
    }
    var strategy = target.resource().strategy();
    String name = Meta.name(attempt);
    AdmissionRequest request =
        request(Operation.CREATE, target.named(name), attempt, null, options);
    path.admission().admit(request);
    strategy.prepareForCreate(attempt, options.requester());
    List<Cause> causes = new ArrayList<>();
    causes.addAll(ObjectMetaRules.validate(target.type(), strategy, attempt));
    causes.addAll(strategy.validate(attempt));
    throwIfInvalid(target, name, causes);

    return path.allocator(target)
        .allocate(attempt, null, options.dryRun())
        .compose(
            allocation ->
                allocation.around(
                    then(
                        path.admission().validate(request),
                        v -> store(target.named(name), attempt, options))))
        .recover(
            e -> {
              if (!(e instanceof ConflictException)) {
                return Future.failedFuture(e);
              }
              if (attempts > 1) {
                return create(target, object, options, attempts - 1, true);
              }
              Status taken = Status.alreadyExists(target.type(), name);
              return Future.failedFuture(
                  (generate ? GeneratedName.exhausted(taken) : taken).toException());
            });
  }

  private Future<StoredObject> store(Target target, ObjectNode object, WriteOptions options) {
    WatchCache cache = path.cache(target);
    String key = target.key();
    Buffer value = cache.encoding().encode(object);
    if (options.dryRun()) {
      return path.store()
          .get(key)
          .compose(
              entry ->
                  entry == null
                      ? Future.succeededFuture(cache.object(key, value, 0))
                      : Future.failedFuture(new ConflictException(key, entry)));
    }
    return path.store().create(key, value).map(entry -> cache.object(key, value, entry.revision()));
  }

  /**
   * Changes an object.
   *
   * @param change makes the new object of a copy of the current one; called again when somebody
   *     else was quicker, unless its result names the version that it is meant for
   */
  Future<StoredObject> update(
      Target target, Function<ObjectNode, ObjectNode> change, WriteOptions options) {
    return path.store()
        .get(target.key())
        .compose(e -> update(target, change, options, e, ATTEMPTS));
  }

  private Future<StoredObject> update(
      Target target,
      Function<ObjectNode, ObjectNode> change,
      WriteOptions options,
      Entry current,
      int attempts) {
    if (current == null) {
      return Future.failedFuture(Status.notFound(target.type(), target.name()).toException());
    }
    WatchCache cache = path.cache(target);
    ObjectNode old = cache.encoding().decode(current.value(), current.revision());
    ObjectNode object = change.apply(old.deepCopy());
    options
        .validation()
        .check(
            target.type(),
            FieldTypes.check(target.type(), object),
            () -> FieldTypes.check(target.type(), old.deepCopy()));
    checkVersion(target, object, old);
    path.metadata().carryOver(target, object, old);
    AdmissionRequest request = request(Operation.UPDATE, target, object, old, options);
    return then(
        path.admission().mutate(request),
        changed -> {
          changed.ifPresent(
              made -> {
                checkVersion(target, made, old);
                path.metadata().carryOver(target, made, old);
              });
          return updateMutated(
              target,
              change,
              options,
              current,
              attempts,
              changed.map(request::with).orElse(request));
        });
  }

  private Future<StoredObject> updateMutated(
      Target target,
      Function<ObjectNode, ObjectNode> change,
      WriteOptions options,
      Entry current,
      int attempts,
      AdmissionRequest request) {
    ObjectNode object = request.object();
    ObjectNode old = request.old();
    path.admission().admit(request);
    applyStrategy(target, object, old, options);

    if (Finality.reached(target.type(), object)) {
      return then(path.admission().validate(request), v -> remove(target, current, options));
    }
    return path.allocator(target)
        .allocate(object, old, options.dryRun())
        .compose(
            allocation ->
                allocation.around(
                    then(
                        path.admission().validate(request),
                        v -> replace(path.cache(target), current, object, old, options))))
        .recover(
            e ->
                e instanceof ConflictException conflict && attempts > 1
                    ? update(target, change, options, conflict.current(), attempts - 1)
                    : Future.failedFuture(conflict(target, e)));
  }

  private static void checkVersion(Target target, ObjectNode object, ObjectNode old) {
    String version = Meta.resourceVersion(object);
    if (version.isEmpty() && !target.resource().strategy().allowsUnconditionalUpdate()) {
      throw versionRequired(target).toException();
    }
    if (!version.isEmpty() && !version.equals(Meta.resourceVersion(old))) {
      throw Status.conflict(target.type(), target.name(), MODIFIED).toException();
    }
  }

  private Future<StoredObject> replace(
      WatchCache cache, Entry current, ObjectNode object, ObjectNode old, WriteOptions options) {
    Buffer value = cache.encoding().encode(object);
    if (options.dryRun() || value.equals(current.value())) {
      return Future.succeededFuture(cache.object(current.key(), value, current.revision()));
    }
    // Fields in another order are no change, and nothing that watchers should hear of.
    if (value.length() == current.value().length()
        && cache.encoding().decode(value, current.revision()).equals(old)) {
      return Future.succeededFuture(
          cache.object(current.key(), current.value(), current.revision()));
    }
    return path.store()
        .update(current.key(), value, current.revision())
        .map(entry -> cache.object(entry.key(), value, entry.revision()));
  }

  /** Removes what nothing holds any more. */
  private Future<StoredObject> remove(Target target, Entry current, WriteOptions options) {
    WatchCache cache = path.cache(target);
    if (options.dryRun()) {
      return Future.succeededFuture(
          cache.object(current.key(), current.value(), current.revision()));
    }
    return path.store()
        .delete(current.key(), current.revision())
        .map(entry -> cache.object(entry.key(), entry.value(), entry.revision()))
        .compose(gone -> path.allocator(target).release(gone.tree()).map(gone))
        .recover(e -> Future.failedFuture(conflict(target, e)));
  }

  private void applyStrategy(
      Target target, ObjectNode object, ObjectNode old, WriteOptions options) {
    var strategy = target.resource().strategy();
    List<Cause> causes = new ArrayList<>();
    if (!DirectSubresources.contains(target)) {
      strategy.prepareForUpdate(object, old, target.subresource(), options.requester());
      causes.addAll(strategy.validateUpdate(object, old, target.subresource()));
    }
    causes.addAll(0, ObjectMetaRules.validateUpdate(target.type(), strategy, object, old));
    throwIfInvalid(target, target.name(), causes);
  }

  private static void throwIfInvalid(Target target, String name, List<Cause> causes) {
    if (!causes.isEmpty()) {
      throw Status.invalid(target.type(), name, causes).toException();
    }
  }

  /** Names the resource where other refusals name the kind, as the real apiserver does here. */
  private static Status versionRequired(Target target) {
    var cause =
        new Cause(
            "FieldValueInvalid",
            "Invalid value: 0x0: must be specified for an update",
            "metadata.resourceVersion");
    return new Status(
        422,
        "Invalid",
        target.type().qualifiedName()
            + " \""
            + target.name()
            + "\" is invalid: "
            + cause.field()
            + ": "
            + cause.message(),
        new Status.Details(
            target.name(), target.type().group(), target.type().plural(), "", List.of(cause), 0));
  }

  private static Throwable conflict(Target target, Throwable e) {
    return e instanceof ConflictException
        ? Status.conflict(target.type(), target.name(), MODIFIED).toException()
        : e;
  }

  private static AdmissionRequest request(
      Operation operation, Target target, ObjectNode object, ObjectNode old, WriteOptions options) {
    return new AdmissionRequest(
        operation,
        options.user(),
        target.type(),
        target.subresource(),
        target.namespace(),
        target.name(),
        object,
        old,
        options.dryRun(),
        options.origin());
  }
}
