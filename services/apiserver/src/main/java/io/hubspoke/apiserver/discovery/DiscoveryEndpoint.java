package io.hubspoke.apiserver.discovery;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;

/**
 * Answers {@code /api}, {@code /apis} and the documents below them; the roots also in the
 * aggregated form, which newer clients ask for first (KEP-3352).
 */
public final class DiscoveryEndpoint implements Endpoint {
  private static final String PLAIN = "application/json";

  /** A document of a path in a media type. */
  private record Key(String path, String mediaType) {}

  /** A document, and the tag by which clients ask whether they have it. */
  private record Document(Buffer bytes, String tag) {}

  private final DiscoveryDocuments all;
  private final Set<String> paths;
  // Made when they are first asked for: nodes and most components never do.
  private final Map<Key, Document> documents = new ConcurrentHashMap<>();

  /** Describes the table of resources. */
  public DiscoveryEndpoint() {
    this(ResourceTable.types());
  }

  /** Describes these types. */
  public DiscoveryEndpoint(Collection<ResourceType> types) {
    this.all = new DiscoveryDocuments(types);
    this.paths = all.paths();
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    HttpServerRequest http = request.http();
    String path = request.info().path();
    String bare = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    if (!paths.contains(bare)) {
      return Future.failedFuture(Status.unknownPath().toException());
    }
    if (!http.method().name().equals("GET") && !http.method().name().equals("HEAD")) {
      return Future.failedFuture(Status.methodNotAllowed().toException());
    }
    Key chosen = negotiate(bare, http.getHeader("Accept"));
    if (chosen == null) {
      return Future.failedFuture(
          Status.notAcceptable("only the following media types are accepted: " + PLAIN)
              .toException());
    }
    Document document = documents.computeIfAbsent(chosen, this::make);
    HttpServerResponse response =
        http.response().putHeader("Vary", "Accept").putHeader("ETag", document.tag);
    String known = http.getHeader("If-None-Match");
    return known != null && known.contains(document.tag)
        ? response.setStatusCode(304).end()
        : response.putHeader("Content-Type", chosen.mediaType).end(document.bytes);
  }

  private Document make(Key key) {
    ObjectNode document =
        key.mediaType.equals(PLAIN)
            ? all.plain(key.path)
            : all.aggregated(key.path.equals("/api"), versionOf(key.mediaType));
    return tagged(Json.bytes(document));
  }

  private static boolean isServed(Key key) {
    boolean root = key.path.equals("/api") || key.path.equals("/apis");
    return key.mediaType.equals(PLAIN) || (root && !versionOf(key.mediaType).isEmpty());
  }

  /** Returns the version of an aggregated document, empty for another media type. */
  private static String versionOf(String mediaType) {
    for (String version : List.of("v2", "v2beta1")) {
      if (mediaType.equals(aggregatedType(version))) {
        return version;
      }
    }
    return "";
  }

  private static Document tagged(byte[] document) {
    CRC32C crc = new CRC32C();
    crc.update(document);
    // Nobody but the server makes documents, so a checksum and the length tell them apart.
    String tag = Long.toHexString(crc.getValue()) + "-" + Integer.toHexString(document.length);
    return new Document(Buffer.buffer(document), '"' + tag + '"');
  }

  /** Returns the first document that the client accepts, or null. */
  private Key negotiate(String path, String accept) {
    if (accept == null || accept.isBlank()) {
      return new Key(path, PLAIN);
    }
    for (String range : accept.split(",", -1)) {
      Key key = new Key(path, mediaType(range));
      if (isServed(key)) {
        return key;
      }
    }
    return null;
  }

  /**
   * Returns a media range in the form in which documents are kept; parameters come in any order.
   */
  private static String mediaType(String range) {
    String[] parts = range.split(";", -1);
    String type = parts[0].strip();
    if (type.equals("*/*") || type.equals("application/*")) {
      return PLAIN;
    }
    String version = "";
    boolean aggregated = false;
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip();
      aggregated |= parameter.equals("as=APIGroupDiscoveryList");
      if (parameter.startsWith("v=")) {
        version = parameter.substring(2);
      }
    }
    return type.equals(PLAIN) && aggregated ? aggregatedType(version) : type;
  }

  private static String aggregatedType(String version) {
    return PLAIN + ";g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList";
  }
}
