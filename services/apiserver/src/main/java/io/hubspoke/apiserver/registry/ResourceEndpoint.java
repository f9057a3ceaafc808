package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest;
import io.hubspoke.apiserver.admission.Origin;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.Decision;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.Forbidden;
import io.hubspoke.apiserver.http.MediaType;
import io.hubspoke.apiserver.http.RequestBody;
import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.Warnings;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.resources.WorkloadResources;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;

/** Answers requests for the stored resources by what the registry holds. */
public final class ResourceEndpoint implements Endpoint {
  /** What is deleted comes back as itself, not as a status (the registry's ReturnDeletedObject). */
  private static final Set<String> RETURNED_WHEN_DELETED =
      Set.of(
          "csidrivers",
          "csinodes",
          "persistentvolumeclaims",
          "persistentvolumes",
          "pods",
          "podtemplates",
          "resourcequotas",
          "serviceaccounts",
          "services",
          "storageclasses",
          "volumeattachments");

  private final Registry registry;
  private final Authorizer authorizer;
  private final ScaleSubresource scales;
  private final Eviction evictions;
  private final WatchTurns turns = new WatchTurns();

  /**
   * Answers from a registry.
   *
   * @param authorizer asked about what a request does beyond its own verb
   */
  public ResourceEndpoint(Registry registry, Authorizer authorizer) {
    this.registry = registry;
    this.authorizer = authorizer;
    this.scales = new ScaleSubresource(registry);
    this.evictions = new Eviction(registry);
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    RequestInfo info = request.info();
    Resource resource =
        ResourceTable.lookup(info.group(), info.version(), info.resource())
            .orElseThrow(() -> Status.unknownPath().toException());
    ResourceType type = resource.type();
    boolean inNamespace = type.namespaced() && !info.namespace().isEmpty();
    var target =
        new Target(resource, inNamespace ? info.namespace() : "", info.name(), info.subresource());
    if (!info.remainder().isEmpty()
        || (!type.namespaced()
            && !info.namespace().isEmpty()
            && !type.plural().equals("namespaces"))
        || (type.namespaced() && !inNamespace && !isCollection(info))) {
      throw Status.unknownPath().toException();
    }
    switch (info.verb()) {
      // A body would mean nothing; unread it would keep the connection from its next request.
      case "get", "list" -> request.http().resume();
      case "watch" -> {
        // An upgrade reads on by itself.
        if (!WatchSocket.isWanted(request.http())) {
          request.http().resume();
        }
      }
      default -> {}
    }
    return info.subresource().isEmpty() ? object(request, target) : subresource(request, target);
  }

  private static boolean isCollection(RequestInfo info) {
    return switch (info.verb()) {
      case "list", "watch" -> true;
      default -> false;
    };
  }

  private Future<Void> object(ApiRequest request, Target target) {
    String verb = request.info().verb();
    if (!target.type().verbs().contains(verb)) {
      throw Status.methodNotAllowed(target.resource().strategy().refusal(target.type()))
          .toException();
    }
    if (target.name().isEmpty() && (verb.equals("update") || verb.equals("patch"))) {
      throw notAllowed();
    }
    return switch (verb) {
      case "get" -> get(request, target);
      case "list" -> list(request, target.resource());
      case "watch" -> watch(request, target.resource());
      case "create" -> create(request, target);
      case "update" -> update(request, target);
      case "patch" -> patch(request, target);
      case "delete" -> delete(request, target);
      case "deletecollection" -> deleteCollection(request, target.resource());
      default -> throw notAllowed();
    };
  }

  private Future<Void> subresource(ApiRequest request, Target target) {
    String path = target.type().plural() + "/" + target.subresource();
    String verb = request.info().verb();
    switch (path) {
      case "pods/binding" -> {
        return allowed(verb.equals("create"), () -> bind(request, target));
      }
      case "pods/eviction" -> {
        return allowed(verb.equals("create"), () -> evict(request, target));
      }
      case "namespaces/finalize" -> {
        return allowed(verb.equals("update"), () -> finalizeNamespace(request, target));
      }
      default -> {}
    }
    if (!target.type().subresources().contains(target.subresource())) {
      throw Status.unknownPath().toException();
    }
    boolean scale = target.subresource().equals("scale");
    return switch (verb) {
      case "get" -> scale ? getScale(request, target) : get(request, target);
      case "update" -> scale ? updateScale(request, target) : update(request, target);
      case "patch" -> scale ? patchScale(request, target) : patch(request, target);
      default -> throw notAllowed();
    };
  }

  private Future<Void> getScale(ApiRequest request, Target target) {
    Rendering rendering = new RequestOptions(request).rendering(WorkloadResources.SCALES);
    return on(request, scales.get(target, request.param("resourceVersion")))
        .compose(scale -> send(request, rendering, scale));
  }

  private Future<Void> updateScale(ApiRequest request, Target target) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(WorkloadResources.SCALES);
    WriteOptions write = options.write("UpdateOptions");
    return body(request)
        .compose(sent -> on(request, scales.update(target, sent, write)))
        .compose(scale -> send(request, rendering, scale));
  }

  private Future<Void> patchScale(ApiRequest request, Target target) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(WorkloadResources.SCALES);
    WriteOptions write = options.write("PatchOptions");
    return on(request, scales.patch(target, patch(request, write), write))
        .compose(scale -> send(request, rendering, scale));
  }

  private static Future<Void> allowed(
      boolean allowed, java.util.function.Supplier<Future<Void>> answer) {
    if (!allowed) {
      throw notAllowed();
    }
    return answer.get();
  }

  private Future<Void> get(ApiRequest request, Target target) {
    Rendering rendering = new RequestOptions(request).rendering(target.resource());
    return on(request, registry.get(target, request.param("resourceVersion")))
        .compose(object -> send(request, 200, rendering, object));
  }

  private Future<Void> list(ApiRequest request, Resource resource) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(resource);
    return on(request, registry.list(options.selection(resource), options.read()))
        .compose(list -> send(request, list, rendering))
        .recover(e -> sendExpired(request, e));
  }

  private Future<Void> watch(ApiRequest request, Resource resource) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(resource);
    long millis = options.watchMillis();
    if (WatchSocket.isWanted(request.http())) {
      var socket = new WatchSocket(request, rendering);
      return on(request, begin(request, options, resource, socket::wake))
          .compose(watcher -> socket.stream(watcher, millis));
    }
    var response =
        new WatchResponse(request, rendering, request.flag("allowWatchBookmarks"), turns);
    return on(request, begin(request, options, resource, response::wake))
        .compose(watcher -> response.stream(watcher, millis));
  }

  private Future<Watcher> begin(
      ApiRequest request, RequestOptions options, Resource resource, Runnable wakeup) {
    return registry.watch(
        options.selection(resource),
        request.param("resourceVersion"),
        options.sendInitialEvents(),
        wakeup);
  }

  private Future<Void> create(ApiRequest request, Target target) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(target.resource());
    WriteOptions write = options.write("CreateOptions");
    if (!target.name().isEmpty()) {
      throw notAllowed();
    }
    return body(request, write)
        .compose(object -> on(request, registry.create(target, object, write)))
        .compose(made -> send(warned(request, write), 201, rendering, made));
  }

  private Future<Void> update(ApiRequest request, Target target) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(target.resource());
    WriteOptions write = options.write("UpdateOptions");
    return body(request, write)
        .compose(
            object ->
                on(request, registry.update(target, object, write, () -> requireCreate(request))))
        .compose(
            made ->
                send(warned(request, write), made.created() ? 201 : 200, rendering, made.object()));
  }

  /** Creating by PUT needs what creating by POST does. */
  private void requireCreate(ApiRequest request) {
    Attributes asked = Attributes.of(request.user(), request.info(), "").withVerb("create");
    Decision decision = authorizer.authorize(asked);
    if (!decision.allowed()) {
      throw Forbidden.status(asked, decision.reason()).toException();
    }
  }

  private Future<Void> patch(ApiRequest request, Target target) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(target.resource());
    WriteOptions write = options.write("PatchOptions");
    return on(request, registry.patch(target, patch(request, write), write))
        .compose(made -> send(warned(request, write), 200, rendering, made));
  }

  private static Patch patch(ApiRequest request, WriteOptions write) {
    var format = Patch.Format.of(RequestBody.mediaType(request.http()));
    var patch =
        new Patch(format, Json.parse(request.body().getBytes(), write.validation()::duplicate));
    write.validation().of(patch);
    return patch;
  }

  /** Puts what the client is to be warned of into the answer's head. */
  private static ApiRequest warned(ApiRequest request, WriteOptions write) {
    write.validation().warn(request.http().response());
    return request;
  }

  private Future<Void> delete(ApiRequest request, Target target) {
    Rendering rendering = new RequestOptions(request).rendering(target.resource());
    return deleteOptions(request)
        .compose(
            options ->
                on(
                        request,
                        registry.delete(target, options, request.user(), origin(request, options)))
                    .compose(
                        deletion -> sendDeleted(request, target, options, deletion, rendering)));
  }

  private static Future<Void> sendDeleted(
      ApiRequest request,
      Target target,
      DeleteOptions options,
      Deletion deletion,
      Rendering rendering) {
    if (deletion.removed() && !RETURNED_WHEN_DELETED.contains(target.type().plural())) {
      return answer(request).send(200, success(target, deletion.object()));
    }
    // Only who asks in the old way is told that it takes time: others would not expect a 202.
    int code = !deletion.removed() && options.cascade() ? 202 : 200;
    return send(request, code, rendering, deletion.object());
  }

  private Future<Void> deleteCollection(ApiRequest request, Resource resource) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(resource);
    Selection selection = options.selection(resource);
    ReadOptions read = options.read();
    return deleteOptions(request)
        .compose(
            deletion ->
                on(
                    request,
                    registry.deleteCollection(
                        selection, read, deletion, request.user(), origin(request, deletion))))
        .compose(list -> send(request, list, rendering))
        .recover(e -> sendExpired(request, e));
  }

  private Future<Void> bind(ApiRequest request, Target target) {
    WriteOptions write = new RequestOptions(request).write("CreateOptions");
    return body(request)
        .compose(sent -> reviewed(target, sent, write))
        .map(
            binding ->
                new PodBinding(
                    target.type(),
                    target.name(),
                    binding,
                    Instant.now().truncatedTo(ChronoUnit.SECONDS)))
        .compose(binding -> on(request, registry.change(target, binding, write.reviewed())))
        .compose(bound -> sendCreated(request));
  }

  private Future<Void> evict(ApiRequest request, Target target) {
    WriteOptions write = new RequestOptions(request).write("CreateOptions");
    return body(request)
        .compose(sent -> reviewed(target, sent, write))
        .map(eviction -> Eviction.options(target, eviction, request.query(), write.dryRun()))
        .compose(options -> on(request, evictions.evict(target, options, request.user())))
        .compose(gone -> sendCreated(request));
  }

  private Future<Void> finalizeNamespace(ApiRequest request, Target target) {
    var options = new RequestOptions(request);
    Rendering rendering = options.rendering(target.resource());
    WriteOptions write = options.write("UpdateOptions");
    return body(request)
        .compose(
            sent -> on(request, registry.change(target, old -> withFinalizers(old, sent), write)))
        .compose(made -> send(request, 200, rendering, made));
  }

  /** Has webhooks look at what is posted to a subresource. */
  private Future<ObjectNode> reviewed(Target target, ObjectNode sent, WriteOptions write) {
    return registry
        .review(
            new AdmissionRequest(
                AdmissionRequest.Operation.CREATE,
                write.user(),
                target.type(),
                target.subresource(),
                target.namespace(),
                target.name(),
                sent,
                null,
                write.dryRun(),
                write.origin()))
        .map(changed -> changed.orElse(sent));
  }

  private static Origin origin(ApiRequest request, DeleteOptions options) {
    return new RequestOptions(request).origin(options::toJson);
  }

  private static ObjectNode withFinalizers(ObjectNode namespace, ObjectNode sent) {
    ObjectNode spec =
        namespace.get("spec") instanceof ObjectNode s ? s : namespace.putObject("spec");
    JsonNode finalizers = sent.path("spec").path("finalizers");
    if (finalizers.isEmpty()) {
      spec.remove("finalizers");
    } else {
      spec.set("finalizers", finalizers);
    }
    String version = Meta.resourceVersion(sent);
    if (!version.isEmpty()) {
      Meta.of(namespace).put("resourceVersion", version);
    }
    return namespace;
  }

  private static Future<DeleteOptions> deleteOptions(ApiRequest request) {
    Future<ObjectNode> body =
        request.body().length() == 0 ? Future.succeededFuture() : RequestBody.object(request);
    return body.map(options -> DeleteOptions.read(options, request.query()));
  }

  /** Reads the object that is written. */
  private static Future<ObjectNode> body(ApiRequest request, WriteOptions write) {
    FieldValidation validation = write.validation();
    validation.ofWholeObject();
    return RequestBody.object(request, validation::duplicate);
  }

  private static Future<ObjectNode> body(ApiRequest request) {
    return RequestBody.object(request);
  }

  private static Future<Void> send(ApiRequest request, Rendering rendering, ObjectNode derived) {
    tell(request);
    return new ObjectResponse(request.http(), rendering.mediaType())
        .send(200, rendering.derived(derived));
  }

  private static Future<Void> send(
      ApiRequest request, int code, Rendering rendering, StoredObject object) {
    tell(request);
    return new ObjectResponse(request.http(), rendering.mediaType())
        .send(code, rendering.object(object));
  }

  private static Future<Void> send(ApiRequest request, ObjectList list, Rendering rendering) {
    tell(request);
    var response = new ObjectResponse(request.http(), rendering.mediaType());
    return rendering.splices()
        ? response.sendSpliced(list, request.context())
        : response.send(200, rendering.list(list));
  }

  /** Puts what webhooks warn of into the answer's head. */
  private static void tell(ApiRequest request) {
    Warnings.add(request.http().response(), request.notes().warnings());
  }

  /** Answers with an object that is none of the resource's, in the form that the client prefers. */
  private static ObjectResponse answer(ApiRequest request) {
    tell(request);
    return new ObjectResponse(request.http(), MediaType.preferred(request.http()));
  }

  private static Future<Void> sendCreated(ApiRequest request) {
    return answer(request).send(201, Status.of(201, "", "").toJson().put("status", "Success"));
  }

  private static Future<Void> sendExpired(ApiRequest request, Throwable e) {
    return e instanceof ExpiredContinueException expired
        ? answer(request).send(410, expired.status())
        : Future.failedFuture(e);
  }

  private static ObjectNode success(Target target, StoredObject gone) {
    ObjectNode status = Json.object().put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    status.put("status", "Success");
    ObjectNode details = status.putObject("details").put("name", target.name());
    if (!target.type().group().isEmpty()) {
      details.put("group", target.type().group());
    }
    details.put("kind", target.type().plural()).put("uid", Meta.uid(gone.tree()));
    return status;
  }

  /** Returns to the connection's context, on which responses are written. */
  private static <T> Future<T> on(ApiRequest request, Future<T> result) {
    Context context = request.context();
    Promise<T> here = Promise.promise();
    result.onComplete(done -> context.runOnContext(v -> here.handle(done)));
    return here.future();
  }

  private static RuntimeException notAllowed() {
    return Status.methodNotAllowed().toException();
  }
}
