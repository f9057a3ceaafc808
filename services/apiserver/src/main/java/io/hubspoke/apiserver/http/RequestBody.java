package io.hubspoke.apiserver.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Protobuf;
import io.hubspoke.api.Status;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;

/** Reads a request's body as one object, of bounded size. */
public final class RequestBody {
  /** Most bytes of a body (apiserver's {@code MaxRequestBodyBytes}). */
  public static final int MAX_BYTES = 3 * 1024 * 1024;

  private RequestBody() {}

  /** Reads the object; fails with 400, 413 or 415 when the body is not one. */
  public static Future<ObjectNode> json(HttpServerRequest http) {
    String type = http.getHeader("Content-Type");
    boolean protobuf = type != null && type.startsWith(Protobuf.MEDIA_TYPE);
    if (type != null && !protobuf && !isJson(type)) {
      return Future.failedFuture(
          Status.unsupportedMediaType(
                  "the body of the request was in an unknown format - accepted media types include:"
                      + " application/json")
              .toException());
    }
    return bytes(http)
        .map(
            body ->
                protobuf
                    ? Protobuf.parseObject(body.getBytes())
                    : Json.parseObject(body.getBytes()));
  }

  private static Future<Buffer> bytes(HttpServerRequest http) {
    Promise<Buffer> read = Promise.promise();
    Buffer body = Buffer.buffer();
    http.exceptionHandler(read::tryFail);
    http.handler(
        part -> {
          if (body.length() + part.length() > MAX_BYTES) {
            read.tryFail(Status.tooLarge("limit is " + MAX_BYTES).toException());
          } else {
            body.appendBuffer(part);
          }
        });
    http.endHandler(end -> read.tryComplete(body));
    http.resume();
    return read.future();
  }

  private static boolean isJson(String type) {
    String lower = type.toLowerCase(Locale.ROOT);
    int end = lower.indexOf(';');
    return (end < 0 ? lower : lower.substring(0, end)).trim().equals("application/json");
  }
}
