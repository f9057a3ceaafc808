package io.hubspoke.apiserver.discovery;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;

/**
 * Answers {@code /openapi/v2} and {@code /openapi/v3} with documents that define no schema yet, so
 * that clients leave validation to the server: kubectl asks for one of them before it creates
 * anything, and goes on when a kind is not in it.
 */
public final class OpenApiEndpoint implements Endpoint {
  private static final String TITLE = "Kubernetes";
  private static final String VERSION = "v1.33.0";
  private static final String PROTOBUF_ASKED = "application/com.github.proto-openapi.spec.v2";
  // Clients ask with an @ before the version, which is no media type and which they can't read.
  private static final String PROTOBUF_ANSWERED =
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

  private final Buffer v2;
  private final Buffer v2Protobuf;
  private final Buffer v3;

  public OpenApiEndpoint() {
    var document = Json.object().put("swagger", "2.0");
    document.putObject("info").put("title", TITLE).put("version", VERSION);
    document.putObject("paths");
    document.putObject("definitions");
    v2 = Buffer.buffer(Json.bytes(document));
    v2Protobuf =
        Buffer.buffer()
            .appendBuffer(field(1, text("2.0")))
            .appendBuffer(field(2, field(1, text(TITLE)).appendBuffer(field(2, text(VERSION)))))
            .appendBuffer(field(8, Buffer.buffer()))
            .appendBuffer(field(9, Buffer.buffer()));
    var groups = Json.object();
    groups.putObject("paths");
    v3 = Buffer.buffer(Json.bytes(groups));
  }

  @Override
  public Future<Void> handle(ApiRequest request) {
    var response = request.http().response();
    if (request.info().path().startsWith("/openapi/v3")) {
      return response.putHeader("Content-Type", "application/json").end(v3);
    }
    String accept = request.http().getHeader("Accept");
    return accept != null && accept.contains(PROTOBUF_ASKED)
        ? response.putHeader("Content-Type", PROTOBUF_ANSWERED).end(v2Protobuf)
        : response.putHeader("Content-Type", "application/json").end(v2);
  }

  /** Encodes a length-delimited protobuf field, whose number and length fit seven bits each. */
  private static Buffer field(int number, Buffer value) {
    return Buffer.buffer()
        .appendByte((byte) (number << 3 | 2))
        .appendByte((byte) value.length())
        .appendBuffer(value);
  }

  private static Buffer text(String value) {
    return Buffer.buffer(value.getBytes(StandardCharsets.UTF_8));
  }
}
