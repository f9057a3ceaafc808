package io.hubspoke.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Reads and writes API objects.
 *
 * <p>Futures complete on the caller's context. They fail with {@link io.hubspoke.api.ApiException}
 * when the server refuses, {@link java.util.concurrent.TimeoutException} when it doesn't answer in
 * time, and an {@link java.io.IOException} when the connection fails or the server isn't verified.
 */
public final class ApiClient {
  private static final String JSON = Resource.JSON;

  private final ClientConfig config;
  private final Transport transport;
  private final FollowedKubeconfig followed;
  private final Duration timeout;
  private final InFlightLimit limit;

  /** Makes a client; when a kubeconfig is to be followed, it is until the client is closed. */
  public ApiClient(Vertx vertx, ClientConfig config) {
    this(vertx, config, UnaryOperator.identity(), InFlightLimit.NONE);
  }

  /**
   * Makes a client that follows a kubeconfig.
   *
   * @param preferred changes what the file says before it is shown
   * @param limit bounds its requests together with those of others
   */
  public ApiClient(
      Vertx vertx,
      ClientConfig config,
      UnaryOperator<ClientConfig> preferred,
      InFlightLimit limit) {
    this.config = config;
    this.timeout = config.timeout();
    this.limit = limit;
    this.transport = new Transport(vertx, config);
    this.followed =
        config.kubeconfig() == null
            ? null
            : FollowedKubeconfig.follow(vertx, config, preferred, transport::present);
  }

  private ApiClient(ApiClient other, Duration timeout) {
    this.config = other.config;
    this.transport = other.transport;
    this.followed = other.followed;
    this.timeout = timeout;
    this.limit = InFlightLimit.NONE;
  }

  /**
   * Returns this client, connection and all, for what must not wait behind its other requests: no
   * limit holds it back.
   *
   * @param longest time for a request
   */
  public ApiClient heartbeats(Duration longest) {
    return new ApiClient(this, longest);
  }

  public ClientConfig config() {
    return config;
  }

  public <T> Future<T> get(Resource<T> resource, String namespace, String name) {
    return typed(
        exchange(HttpMethod.GET, resource.path(namespace, name), resource.accept(), "", null),
        resource.type());
  }

  /**
   * Lists a collection, in chunks of one and the same revision when it is large. One object that
   * can't be read doesn't keep back the others.
   */
  public <T> Future<ObjectList<T>> list(Resource<T> resource, ListOptions options) {
    return page(resource, options, "", new ArrayList<>(), new ArrayList<>());
  }

  /**
   * Creates an object.
   *
   * @param namespace empty for cluster-scoped resources
   */
  public <T> Future<T> create(Resource<T> resource, String namespace, T object) {
    return exchange(
        HttpMethod.POST, resource.collectionPath(namespace), tree(object), resource.type());
  }

  /** Replaces an object; its resource version, when given, must be the current one. */
  public <T> Future<T> update(Resource<T> resource, String namespace, String name, T object) {
    return exchange(HttpMethod.PUT, resource.path(namespace, name), tree(object), resource.type());
  }

  /** Replaces an object's status. */
  public <T> Future<T> updateStatus(Resource<T> resource, String namespace, String name, T object) {
    return exchange(
        HttpMethod.PUT, resource.path(namespace, name, "status"), tree(object), resource.type());
  }

  /** Replaces another subresource that takes and returns the object, such as {@code approval}. */
  public <T> Future<T> updateSubresource(
      Resource<T> resource, String namespace, String name, String subresource, T object) {
    return exchange(
        HttpMethod.PUT, resource.path(namespace, name, subresource), tree(object), resource.type());
  }

  public <T> Future<T> patch(
      Resource<T> resource, String namespace, String name, PatchType type, JsonNode patch) {
    return patch(resource.path(namespace, name), type, patch, resource.type());
  }

  public <T> Future<T> patchStatus(
      Resource<T> resource, String namespace, String name, PatchType type, JsonNode patch) {
    return patch(resource.path(namespace, name, "status"), type, patch, resource.type());
  }

  /** Deletes an object; the answer is the object or a Status. */
  public Future<ObjectNode> delete(
      Resource<?> resource, String namespace, String name, DeleteOptions options) {
    return exchange(
        HttpMethod.DELETE, resource.path(namespace, name), options.toJson(), ObjectNode.class);
  }

  /** Deletes an object; one that is gone, or is another one by now (404, 409), is as good. */
  public Future<Void> deleteIfPresent(
      Resource<?> resource, String namespace, String name, DeleteOptions options) {
    return delete(resource, namespace, name, options)
        .<Void>mapEmpty()
        .recover(
            e ->
                e instanceof ApiException refusal
                        && (refusal.code() == 404 || refusal.code() == 409)
                    ? Future.succeededFuture()
                    : Future.failedFuture(e));
  }

  /** Deletes all objects of a collection that the options select. */
  public Future<ObjectNode> deleteCollection(
      Resource<?> resource, ListOptions options, DeleteOptions deletion) {
    String uri = options.query(resource.collectionPath(options.namespace())).toString();
    return exchange(HttpMethod.DELETE, uri, deletion.toJson(), ObjectNode.class);
  }

  /** Posts to a subresource, such as {@code binding}. */
  public Future<ObjectNode> post(
      Resource<?> resource, String namespace, String name, String subresource, Object body) {
    return exchange(
        HttpMethod.POST, resource.path(namespace, name, subresource), tree(body), ObjectNode.class);
  }

  /** Gets any path, such as {@code /version}. */
  public Future<Buffer> raw(String path) {
    return exchange(HttpMethod.GET, path, JSON, "", null);
  }

  /**
   * Watches a collection for what follows a revision. The listener gets batches in order, the next
   * only once the future it returned is complete; it is called on an event loop.
   *
   * @param resourceVersion where a list or an earlier watch ended; empty for any state, then now
   */
  public <T> Future<Watch<T>> watch(
      Resource<T> resource,
      ListOptions options,
      String resourceVersion,
      Function<List<WatchEvent<T>>, Future<Void>> listener) {
    String uri =
        options
            .query(resource.collectionPath(options.namespace()))
            .add("watch", "true")
            .add("allowWatchBookmarks", "true")
            .add("resourceVersion", resourceVersion)
            .add("timeoutSeconds", Informer.watchSeconds())
            .toString();
    // Before it is opened: its events come on an event loop.
    return transport
        .onLoop(() -> TypeIntrospection.of(resource.type()))
        .compose(
            introspected ->
                transport.onLoop(
                    () ->
                        transport
                            .open(uri, resource.accept())
                            .map(
                                response -> {
                                  Watch<T> watch =
                                      new Watch<>(response, transport, resource.type(), listener);
                                  watch.begin();
                                  return watch;
                                })));
  }

  /**
   * Returns how long to wait before connecting again when the server has gone: the same for all
   * that use this client, since they share a connection, and another one for every other client.
   */
  Duration reconnectDelay() {
    return transport.reconnectDelay();
  }

  /**
   * Returns whether the server was not reached when that was last tried: the next request waits for
   * the next attempt, so that to ask at once is to ask as soon as there is any use in it.
   */
  boolean isAway() {
    return transport.isAway();
  }

  /** Shows these credentials from the next connection on; requests in flight are not cut. */
  public void setCredentials(Credentials credentials) {
    transport.present(credentials);
  }

  /** Returns what is shown now. */
  public Credentials credentials() {
    return transport.credentials();
  }

  /** Closes the connection; requests in flight and watches fail. */
  public Future<Void> close() {
    if (followed != null) {
      followed.stop();
    }
    return transport.close();
  }

  private <T> Future<ObjectList<T>> page(
      Resource<T> resource,
      ListOptions options,
      String token,
      List<Item<T>> items,
      List<UnreadableObject> unreadable) {
    String uri =
        options
            .query(resource.collectionPath(options.namespace()))
            .add("limit", options.chunkSize())
            .add("continue", token)
            .toString();
    Future<Void> introspected = TypeIntrospection.of(resource.type());
    return exchange(HttpMethod.GET, uri, resource.acceptList(), "", null)
        .compose(body -> introspected.map(body))
        .compose(
            body -> {
              ObjectNode list = Json.parseObject(body.getBytes());
              for (JsonNode item : list.path("items")) {
                try {
                  items.add(Item.of((ObjectNode) item, resource.type()));
                } catch (RuntimeException e) {
                  unreadable.add(UnreadableObject.of(item, resource.type(), e));
                }
              }
              JsonNode metadata = list.path("metadata");
              String next = metadata.path("continue").asText("");
              return next.isEmpty()
                  ? Future.succeededFuture(
                      new ObjectList<>(
                          metadata.path("resourceVersion").asText(""), items, unreadable))
                  : page(resource, options, next, items, unreadable);
            });
  }

  private <T> Future<T> patch(String path, PatchType type, JsonNode patch, Class<T> answer) {
    return typed(
        exchange(
            HttpMethod.PATCH, path, JSON, type.contentType(), Buffer.buffer(Json.bytes(patch))),
        answer);
  }

  private <T> Future<T> exchange(HttpMethod method, String path, ObjectNode body, Class<T> answer) {
    return typed(
        exchange(
            method,
            path,
            JSON,
            body == null ? "" : JSON,
            body == null ? null : Buffer.buffer(Json.bytes(body))),
        answer);
  }

  private Future<Buffer> exchange(
      HttpMethod method, String uri, String accept, String contentType, Buffer body) {
    return transport.exchange(method, uri, accept, contentType, body, timeout, limit);
  }

  private static <T> Future<T> typed(Future<Buffer> answer, Class<T> type) {
    // Asked for while the answer is under way.
    Future<Void> introspected = TypeIntrospection.of(type);
    return answer
        .compose(bytes -> introspected.map(bytes))
        .map(bytes -> Item.typed(Json.parseObject(bytes.getBytes()), type));
  }

  private static ObjectNode tree(Object object) {
    return object instanceof ObjectNode node ? node : Json.tree(object);
  }
}
