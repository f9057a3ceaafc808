package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Keeps objects under their paths and lets them be listed and watched over HTTPS: as much of an
 * apiserver as one kubelet's tests need. Of selectors it knows {@code metadata.name}.
 */
final class FakeApiserver {
  final CertificateAuthority authority =
      CertificateAuthority.create("cluster-ca", Duration.ofDays(1));
  private final Map<String, ObjectNode> objects = new TreeMap<>();
  private final Map<HttpServerResponse, Watching> watches = new HashMap<>();

  /**
   * What a watch is for; its events are written on its own context, whatever thread they are of.
   */
  private record Watching(String path, String name, Context context) {
    boolean wants(String key) {
      String collection = key.substring(0, key.lastIndexOf('/'));
      return (collection.equals(path) || everywhere(collection).equals(path))
          && (name == null || key.substring(collection.length() + 1).equals(name));
    }
  }

  private final List<Shown> shown = new CopyOnWriteArrayList<>();
  private final List<String> bearers = new CopyOnWriteArrayList<>();
  private final HttpServer server;
  private long revision = 1;
  private long tokens;
  private long tokenSeconds = 3600;
  private Duration ahead = Duration.ZERO;
  private UnaryOperator<ObjectNode> reviewer = UnaryOperator.identity();

  FakeApiserver(Vertx vertx) throws Exception {
    Identity identity =
        authority.issueServer("apiserver", SubjectAltNames.of("127.0.0.1"), Duration.ofDays(1));
    HttpServerOptions options = new HttpServerOptions().setHost("127.0.0.1").setUseAlpn(true);
    Tls.serve(options, new ReloadableKeys(identity), List.of(authority.certificate()));
    server =
        Await.result(
            vertx
                .createHttpServer(options)
                .requestHandler(
                    r -> {
                      shown(r).ifPresent(shown::add);
                      if (r.getHeader("Authorization") != null) {
                        bearers.add(r.getHeader("Authorization"));
                      }
                      r.body().onSuccess(body -> handle(r, body));
                    })
                .listen(0));
  }

  /** A client certificate, and when a request came with it. */
  record Shown(X509Certificate certificate, Instant at) {
    boolean expired() {
      return certificate.getNotAfter().toInstant().isBefore(at);
    }
  }

  private static Optional<Shown> shown(HttpServerRequest request) {
    try {
      return Optional.of(
          new Shown(
              (X509Certificate) request.connection().peerCertificates().getFirst(), Instant.now()));
    } catch (SSLPeerUnverifiedException none) {
      return Optional.empty();
    }
  }

  /** Returns what requests came with, the oldest first. */
  List<Shown> shown() {
    return List.copyOf(shown);
  }

  List<String> bearers() {
    return List.copyOf(bearers);
  }

  String url() {
    return "https://127.0.0.1:" + server.actualPort();
  }

  /** Returns an object by its path, or an empty one. */
  synchronized ObjectNode get(String path) {
    return objects.getOrDefault(path, Json.object()).deepCopy();
  }

  /** Returns the objects whose paths begin so. */
  synchronized List<ObjectNode> list(String prefix) {
    return objects.entrySet().stream()
        .filter(e -> e.getKey().startsWith(prefix))
        .map(e -> e.getValue().deepCopy())
        .toList();
  }

  synchronized void put(String path, ObjectNode object) {
    boolean known = objects.containsKey(path);
    ObjectNode metadata = Meta.of(object);
    if (!metadata.has("uid")) {
      metadata.put("uid", UUID.randomUUID().toString());
    }
    metadata.put("resourceVersion", String.valueOf(++revision));
    objects.put(path, object);
    tell(known ? "MODIFIED" : "ADDED", path, object);
  }

  synchronized void remove(String path) {
    ObjectNode object = objects.remove(path);
    if (object != null) {
      Meta.of(object).put("resourceVersion", String.valueOf(++revision));
      tell("DELETED", path, object);
    }
  }

  /** Gives out tokens that live so long. */
  synchronized void tokenSeconds(long seconds) {
    tokenSeconds = seconds;
  }

  /** Lets its clock be ahead of the kubelet's. */
  synchronized void clock(Duration ahead) {
    this.ahead = ahead;
  }

  /** Answers TokenReviews and SubjectAccessReviews; a null answer is an error of the server's. */
  synchronized void reviewer(UnaryOperator<ObjectNode> answers) {
    reviewer = answers;
  }

  private ObjectNode token(ObjectNode request) {
    String pod = request.at("/spec/boundObjectRef/name").asText();
    String uid = request.at("/spec/boundObjectRef/uid").asText();
    boolean bound = list("/api/v1/").stream().anyMatch(object -> Meta.uid(object).equals(uid));
    request.withObject("/spec").put("expirationSeconds", tokenSeconds);
    request
        .putObject("status")
        .put("token", "token-" + ++tokens + "-for-" + (bound ? pod : "nobody"))
        .put("expirationTimestamp", Instant.now().plus(ahead).plusSeconds(tokenSeconds).toString());
    return request;
  }

  private void tell(String type, String path, ObjectNode object) {
    ObjectNode event = Json.object().put("type", type);
    event.set("object", object);
    String line = event + "\n";
    watches.forEach(
        (response, watching) -> {
          if (watching.wants(path)) {
            watching.context.runOnContext(
                v -> {
                  if (!response.closed() && !response.ended()) {
                    response.write(line);
                  }
                });
          }
        });
  }

  private static String everywhere(String collection) {
    return collection.replaceFirst("/namespaces/[^/]+/", "/");
  }

  private synchronized void handle(HttpServerRequest request, Buffer body) {
    String path = request.path();
    switch (request.method().name()) {
      case "GET" -> read(request, path);
      case "POST" -> {
        ObjectNode object = Json.parseObject(body.getBytes());
        if (path.endsWith("/token")) {
          answer(request, 201, token(object));
          return;
        }
        if (path.endsWith("reviews")) {
          ObjectNode answer = reviewer.apply(object);
          if (answer == null) {
            refuse(request, Status.of(503, "ServiceUnavailable", "no reviews now"));
          } else {
            answer(request, 201, answer);
          }
          return;
        }
        String key = path + "/" + Meta.name(object);
        if (objects.containsKey(key)) {
          refuse(request, Status.of(409, "AlreadyExists", key));
          return;
        }
        put(key, object);
        answer(request, 201, object);
      }
      case "PUT" -> {
        ObjectNode object = Json.parseObject(body.getBytes());
        put(path, object);
        answer(request, 200, object);
      }
      case "PATCH" -> {
        String key = path.replaceFirst("/status$", "");
        ObjectNode object = objects.get(key);
        if (object == null) {
          refuse(request, Status.of(404, "NotFound", key));
          return;
        }
        object = object.deepCopy();
        Json.parseObject(body.getBytes()).properties().forEach(merge(object));
        put(key, object);
        answer(request, 200, object);
      }
      case "DELETE" -> {
        remove(path);
        answer(request, 200, Json.object());
      }
      default -> refuse(request, Status.of(405, "MethodNotAllowed", ""));
    }
  }

  private static java.util.function.Consumer<
          Map.Entry<String, com.fasterxml.jackson.databind.JsonNode>>
      merge(ObjectNode into) {
    return entry -> {
      if (entry.getValue() instanceof ObjectNode part
          && into.get(entry.getKey()) instanceof ObjectNode old) {
        part.properties().forEach(merge(old));
      } else {
        into.set(entry.getKey(), entry.getValue());
      }
    };
  }

  private void read(HttpServerRequest request, String path) {
    if (objects.containsKey(path)) {
      answer(request, 200, objects.get(path));
      return;
    }
    if (path.substring(path.lastIndexOf('/') + 1).endsWith("s") && !path.contains("/leases/")) {
      if (request.getParam("watch") != null) {
        HttpServerResponse response = request.response().setChunked(true);
        response.writeHead();
        response.exceptionHandler(gone -> {});
        String since = request.getParam("resourceVersion");
        long from = since == null ? 0 : Long.parseLong(since);
        String selector = request.getParam("fieldSelector");
        Watching watching =
            new Watching(
                path,
                selector != null && selector.startsWith("metadata.name=")
                    ? selector.substring("metadata.name=".length())
                    : null,
                Vertx.currentContext());
        objects.forEach(
            (key, object) -> {
              if (watching.wants(key) && Long.parseLong(Meta.resourceVersion(object)) > from) {
                ObjectNode event = Json.object().put("type", "ADDED");
                event.set("object", object);
                response.write(event + "\n");
              }
            });
        watches.put(response, watching);
        return;
      }
      ObjectNode list = Json.object();
      list.putObject("metadata").put("resourceVersion", String.valueOf(revision));
      var items = list.putArray("items");
      objects.forEach(
          (key, object) -> {
            String collection = key.substring(0, key.lastIndexOf('/'));
            if (collection.equals(path) || everywhere(collection).equals(path)) {
              items.add(object);
            }
          });
      answer(request, 200, list);
      return;
    }
    refuse(request, Status.of(404, "NotFound", path + " not found"));
  }

  private static void answer(HttpServerRequest request, int code, ObjectNode body) {
    request.response().setStatusCode(code).end(body.toString());
  }

  private static void refuse(HttpServerRequest request, Status status) {
    answer(request, status.code(), status.toJson());
  }
}
