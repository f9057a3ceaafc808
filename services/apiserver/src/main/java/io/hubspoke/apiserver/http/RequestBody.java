package io.hubspoke.apiserver.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.api.Yaml;
import io.hubspoke.api.protobuf.Protobuf;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;
import java.util.function.Consumer;

/** Reads request bodies, up to a limit. */
public final class RequestBody {
  /** Most bytes of a body (apiserver's {@code MaxRequestBodyBytes}). */
  public static final int MAX_BYTES = 3 * 1024 * 1024;

  private RequestBody() {}

  /** Reads the whole body; fails with 413 when it is greater than {@link #MAX_BYTES}. */
  public static Future<Buffer> read(HttpServerRequest http) {
    if (announced(http) > MAX_BYTES) {
      return Future.failedFuture(tooLarge());
    }
    Promise<Buffer> whole = Promise.promise();
    Buffer body = Buffer.buffer();
    http.exceptionHandler(
        e ->
            whole.tryFail(
                Status.badRequest("the request's body ended before it was complete")
                    .toException()));
    http.endHandler(v -> whole.tryComplete(body));
    http.handler(
        bytes -> {
          if (body.length() + bytes.length() > MAX_BYTES) {
            http.pause();
            whole.tryFail(tooLarge());
          } else {
            body.appendBuffer(bytes);
          }
        });
    http.resume();
    return whole.future();
  }

  /** Returns the content type without parameters, in lower case; empty when there is none. */
  public static String mediaType(HttpServerRequest http) {
    String type = http.getHeader("Content-Type");
    if (type == null) {
      return "";
    }
    int parameters = type.indexOf(';');
    return (parameters < 0 ? type : type.substring(0, parameters)).trim().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads an object in the form that the content type names, JSON when there is none.
   *
   * @throws ApiException 400 when it is malformed, 415 when it is in another form
   */
  public static Future<ObjectNode> object(ApiRequest request) {
    return object(request, path -> {});
  }

  /**
   * Reads an object and tells the paths of fields that it has more than once; the last one holds.
   *
   * @throws ApiException as {@link #object(ApiRequest)}
   */
  public static Future<ObjectNode> object(ApiRequest request, Consumer<String> duplicates) {
    byte[] bytes = request.body().getBytes();
    return switch (mediaType(request.http())) {
      case "", "application/json" -> Future.succeededFuture(Json.parseObject(bytes, duplicates));
      case Protobuf.MEDIA_TYPE -> Future.succeededFuture(Protobuf.parseObject(bytes));
      // Slow even within its limits: it must not hold up the other clients of an event loop.
      case "application/yaml" ->
          request.context().executeBlocking(() -> Yaml.parseObject(bytes, duplicates), false);
      default ->
          throw Status.unsupportedMediaType(
                  "the body of the request was in an unknown format - accepted media types include:"
                      + " application/json, application/yaml, application/vnd.kubernetes.protobuf")
              .toException();
    };
  }

  private static long announced(HttpServerRequest http) {
    String length = http.getHeader("Content-Length");
    try {
      return length == null ? 0 : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  private static ApiException tooLarge() {
    return Status.tooLarge("Request entity too large: limit is " + MAX_BYTES).toException();
  }
}
