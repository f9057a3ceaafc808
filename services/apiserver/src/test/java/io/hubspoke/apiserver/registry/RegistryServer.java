package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.authz.AlwaysAllow;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Query;
import io.hubspoke.apiserver.http.RequestBody;
import io.hubspoke.apiserver.http.RequestInfoResolver;
import io.hubspoke.apiserver.http.RequestNotes;
import io.hubspoke.apiserver.http.StatusResponse;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.store.MemoryStore;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** The registry behind a plain HTTP server, and the JDK's client to talk to it. */
final class RegistryServer {
  static final User ADMIN = new User("admin", "", List.of("system:masters"), Map.of());

  final Vertx vertx = Vertx.vertx();
  final Store store;
  final Registry registry;
  final List<Throwable> failures = new CopyOnWriteArrayList<>();

  /** The clients' ends of the open connections. */
  final Set<String> connections = ConcurrentHashMap.newKeySet();

  private final HttpServer server;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** An answer's code and body. */
  record Answer(int code, ObjectNode body, java.net.http.HttpHeaders headers) {
    String message() {
      return body.path("message").asText();
    }

    String reason() {
      return body.path("reason").asText();
    }
  }

  RegistryServer() throws Exception {
    this(new MemoryStore(), lister -> Admission.ALWAYS);
  }

  RegistryServer(Store store, Function<Lister, Admission> admission) throws Exception {
    this.store = store;
    this.registry = new Registry(vertx, store, admission, Map.of());
    Await.result(registry.start());
    var endpoint = new ResourceEndpoint(registry, new AlwaysAllow());
    var resolver = new RequestInfoResolver();
    server =
        Await.result(
            vertx
                .createHttpServer()
                .connectionHandler(
                    connection -> {
                      String client = connection.remoteAddress().toString();
                      connections.add(client);
                      connection.closeHandler(v -> connections.remove(client));
                    })
                .requestHandler(http -> handle(http, resolver, endpoint))
                .listen(0, "127.0.0.1"));
    if (registry.lister().get(ResourceTable.NAMESPACES.type(), "", "default") == null) {
      namespace("default");
    }
  }

  private void handle(
      HttpServerRequest http, RequestInfoResolver resolver, ResourceEndpoint endpoint) {
    http.pause();
    http.response().exceptionHandler(gone -> {});
    Future<Void> answered;
    try {
      Query query = Query.of(http.uri());
      var info = resolver.resolve(http.method(), http.path(), query);
      answered =
          RequestBody.read(http)
              .compose(
                  body ->
                      endpoint.handle(
                          new ApiRequest(
                              http,
                              vertx.getOrCreateContext(),
                              info,
                              query,
                              body,
                              ADMIN,
                              new RequestNotes())));
    } catch (RuntimeException e) {
      answered = Future.failedFuture(e);
    }
    answered.onFailure(
        e -> {
          if (e instanceof ApiException refusal) {
            StatusResponse.send(http, refusal.status());
          } else {
            failures.add(e);
            StatusResponse.send(http, Status.internalError(e.toString()));
          }
        });
  }

  void namespace(String name) throws Exception {
    Await.result(
        registry.create(
            Target.of(ResourceTable.NAMESPACES, "", ""),
            json("{\"metadata\":{\"name\":\"" + name + "\"}}"),
            new WriteOptions(ADMIN, false)));
  }

  int port() {
    return server.actualPort();
  }

  static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  Answer get(String path, String... headers) throws Exception {
    return send("GET", path, null, headers);
  }

  Answer post(String path, String body, String... headers) throws Exception {
    return send("POST", path, body, headers);
  }

  Answer put(String path, ObjectNode body) throws Exception {
    return send("PUT", path, body.toString());
  }

  Answer delete(String path) throws Exception {
    return send("DELETE", path, null);
  }

  /** Patches; the type is such as {@code merge}. */
  Answer patch(String path, String type, String body) throws Exception {
    String contentType =
        switch (type) {
          case "json" -> "application/json-patch+json";
          case "apply" -> "application/apply-patch+yaml";
          default -> "application/" + type + "-patch+json";
        };
    return send("PATCH", path, body, "Content-Type", contentType);
  }

  /** Sends a request; single quotes in the body stand for double ones. */
  Answer send(String method, String path, String body, String... headers) throws Exception {
    var request =
        HttpRequest.newBuilder(uri(path))
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')));
    if (headers.length > 0) {
      request.headers(headers);
    }
    var response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    return new Answer(response.statusCode(), Json.parseObject(response.body()), response.headers());
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port() + path);
  }

  /** Starts a watch; returns when its head has arrived. */
  WatchClient watch(String path, String... headers) throws Exception {
    var request = HttpRequest.newBuilder(uri(path));
    if (headers.length > 0) {
      request.headers(headers);
    }
    var response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    return new WatchClient(response.statusCode(), response.body());
  }

  void close() throws Exception {
    Await.result(registry.stop());
    Await.result(store.close());
    Await.result(vertx.close());
    client.shutdownNow();
  }

  /** The client's end of a watch. */
  record WatchClient(int code, InputStream body, BufferedReader lines) implements AutoCloseable {
    WatchClient(int code, InputStream body) {
      this(code, body, new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8)));
    }

    /** Waits for the next event; null at the end. */
    ObjectNode next() {
      try {
        String line = lines.readLine();
        return line == null ? null : Json.parseObject(line.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Returns the next event as {@code TYPE name}. */
    String nextBrief() {
      ObjectNode event = next();
      return event == null
          ? "END"
          : event.path("type").asText()
              + " "
              + event.path("object").path("metadata").path("name").asText();
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }
}
