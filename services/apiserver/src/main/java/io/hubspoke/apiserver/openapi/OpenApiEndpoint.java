package io.hubspoke.apiserver.openapi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Answers {@code /openapi/v2}, {@code /openapi/v3} and the documents below it. Documents are made
 * when they are first asked for, not on the event loop, and then kept: they change with the program
 * alone. A version 3 document is named with its hash, so that clients may keep it for ever
 * (KEP-2896).
 */
public final class OpenApiEndpoint implements Endpoint {
  private static final String JSON = "application/json";
  private static final String V2 = "/openapi/v2";
  private static final String INDEX = "/openapi/v3";
  private static final String PROTOBUF_ASKED = "application/com.github.proto-openapi.spec.v2";
  // Clients ask with an @ before the version, which is no media type and which they can't read.
  private static final String PROTOBUF_ANSWERED =
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  private static final String YEAR_SECONDS = "31536000";

  /** A document with its hash. */
  private record Document(Buffer bytes, String mediaType, String hash) {}

  private final OpenApiDocuments documents;
  private final Map<String, Document> made = new ConcurrentHashMap<>();
  private volatile Fingerprint fingerprint;

  /** Describes these types. */
  public OpenApiEndpoint(Collection<ResourceType> types) {
    this.documents = new OpenApiDocuments(types);
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    String method = request.http().method().name();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      throw Status.methodNotAllowed().toException();
    }
    String path = request.info().path();
    if (path.equals(V2)) {
      return v2(request);
    }
    if (path.equals(INDEX) || path.equals(INDEX + "/")) {
      return made(request, INDEX).compose(index -> send(request, index));
    }
    if (!path.startsWith(INDEX + "/")) {
      throw Status.unknownPath().toException();
    }
    return v3(request, path);
  }

  private Future<Void> v2(ApiRequest request) {
    String accept = accept(request);
    request.http().response().putHeader("Vary", "Accept");
    boolean protobuf = accept.contains(PROTOBUF_ASKED);
    if (!protobuf && !acceptsJson(accept)) {
      throw notAcceptable(JSON + ", " + PROTOBUF_ANSWERED);
    }
    return made(request, protobuf ? PROTOBUF_ASKED : V2)
        .compose(document -> send(request, document));
  }

  private Future<Void> v3(ApiRequest request, String path) {
    String name = path.substring(INDEX.length() + 1);
    if (!documents.names().contains(name)) {
      throw Status.unknownPath().toException();
    }
    if (!acceptsJson(accept(request))) {
      throw notAcceptable(JSON);
    }
    return made(request, path)
        .compose(
            document -> {
              HttpServerResponse response = request.http().response();
              String asked = request.param("hash");
              if (asked.isEmpty()) {
                return send(request, document);
              }
              if (!asked.equals(document.hash)) {
                return response
                    .setStatusCode(301)
                    .putHeader("Location", location(path, document.hash))
                    .end();
              }
              response.putHeader("Cache-Control", "public, immutable, max-age=" + YEAR_SECONDS);
              return send(request, document);
            });
  }

  private static Future<Void> send(ApiRequest request, Document document) {
    HttpServerResponse response = request.http().response();
    String tag = '"' + document.hash + '"';
    response.putHeader("ETag", tag);
    String known = request.http().getHeader("If-None-Match");
    if (known != null && known.contains(tag)) {
      return response.setStatusCode(304).end();
    }
    return response.putHeader("Content-Type", document.mediaType).end(document.bytes);
  }

  /** Returns a document, made on a worker thread the first time. */
  private Future<Document> made(ApiRequest request, String key) {
    Document known = made.get(key);
    return known == null
        ? request.context().executeBlocking(() -> made.computeIfAbsent(key, this::make))
        : Future.succeededFuture(known);
  }

  private Document make(String key) {
    Buffer bytes =
        switch (key) {
          case V2 -> json(documents.v2());
          case PROTOBUF_ASKED -> GnosticDocument.encode(documents.v2());
          case INDEX -> json(index());
          default -> json(documents.v3(key.substring(INDEX.length() + 1)));
        };
    String mediaType = key.equals(PROTOBUF_ASKED) ? PROTOBUF_ANSWERED : JSON;
    return new Document(bytes, mediaType, hash(key));
  }

  private ObjectNode index() {
    ObjectNode index = Json.object();
    ObjectNode paths = index.putObject("paths");
    for (String name : documents.names()) {
      String path = INDEX + "/" + name;
      paths.putObject(name).put("serverRelativeURL", location(path, hash(path)));
    }
    return index;
  }

  /** Returns a document's hash; called on worker threads, since files are read the first time. */
  private String hash(String key) {
    Fingerprint known = fingerprint;
    if (known == null) {
      known = documents.fingerprint();
      fingerprint = known;
    }
    return known.of(key);
  }

  private static Buffer json(ObjectNode document) {
    return Buffer.buffer(Json.bytes(document));
  }

  private static String location(String path, String hash) {
    return path + "?hash=" + hash;
  }

  private static String accept(ApiRequest request) {
    String accept = request.http().getHeader("Accept");
    return accept == null || accept.isBlank() ? "*/*" : accept;
  }

  private static boolean acceptsJson(String accept) {
    return accept.contains("*/*") || accept.contains("application/*") || accept.contains(JSON);
  }

  private static RuntimeException notAcceptable(String types) {
    return Status.notAcceptable("only the following media types are accepted: " + types)
        .toException();
  }
}
