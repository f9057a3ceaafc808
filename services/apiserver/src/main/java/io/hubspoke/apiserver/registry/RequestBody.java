package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Protobuf;
import io.hubspoke.api.Status;
import io.hubspoke.api.Yaml;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;

/** Reads request bodies, up to a limit. */
final class RequestBody {
  /** The real apiserver's limit for resource requests. */
  static final int LIMIT = 3 * 1024 * 1024;

  private RequestBody() {}

  /** Reads the whole body; fails with 413 when it is greater than {@link #LIMIT}. */
  static Future<Buffer> read(HttpServerRequest http) {
    Promise<Buffer> whole = Promise.promise();
    String length = http.getHeader("Content-Length");
    if (length != null && length.length() > 9) {
      return Future.failedFuture(tooLarge());
    }
    Buffer body = Buffer.buffer();
    http.exceptionHandler(
        e ->
            whole.tryFail(
                Status.badRequest("the request's body ended before it was complete")
                    .toException()));
    http.endHandler(v -> whole.tryComplete(body));
    http.handler(
        bytes -> {
          if (body.length() + bytes.length() > LIMIT) {
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
  static String mediaType(HttpServerRequest http) {
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
   * @throws io.hubspoke.api.ApiException 400 when it is malformed, 415 when it is in another form
   */
  static ObjectNode object(HttpServerRequest http, Buffer body) {
    String mediaType = mediaType(http);
    return switch (mediaType) {
      case "", "application/json" -> Json.parseObject(body.getBytes());
      case Protobuf.MEDIA_TYPE -> Protobuf.parseObject(body.getBytes());
      case "application/yaml" -> Yaml.parseObject(body.getBytes());
      default ->
          throw Status.unsupportedMediaType(
                  "the body of the request was in an unknown format - accepted media types include:"
                      + " application/json, application/yaml")
              .toException();
    };
  }

  private static RuntimeException tooLarge() {
    return Status.tooLarge("Request entity too large: limit is " + LIMIT).toException();
  }
}
