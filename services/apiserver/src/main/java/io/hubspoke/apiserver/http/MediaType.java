package io.hubspoke.apiserver.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.api.protobuf.Protobuf;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;

/** The forms in which objects are sent. */
public enum MediaType {
  JSON("application/json"),
  PROTOBUF(Protobuf.MEDIA_TYPE);

  private static final MediaType[] ALL = values();

  private final String text;

  MediaType(String text) {
    this.text = text;
  }

  /** Returns the content type. */
  public String text() {
    return text;
  }

  /** Returns the form that a range asks for, null when there is none. */
  public static MediaType of(MediaRange range) {
    for (MediaType type : ALL) {
      if (range.includes(type.text)) {
        return type;
      }
    }
    return null;
  }

  /**
   * Returns the form that a client prefers for what it must be told, JSON when it has no choice.
   */
  public static MediaType preferred(HttpServerRequest http) {
    for (MediaRange range : MediaRange.parse(http.getHeader("Accept"))) {
      MediaType type = of(range);
      if (type != null) {
        return type;
      }
    }
    return JSON;
  }

  /** Returns the refusal of a request whose client accepts none. */
  public static RuntimeException notAcceptable() {
    return Status.notAcceptable(
            "only the following media types are accepted: application/json,"
                + " application/vnd.kubernetes.protobuf")
        .toException();
  }

  /** Writes an object of a built-in kind. */
  public Buffer encode(ObjectNode object) {
    return Buffer.buffer(
        switch (this) {
          case JSON -> Json.bytes(object);
          case PROTOBUF ->
              Protobuf.encode(object)
                  .orElseThrow(
                      () ->
                          new IllegalArgumentException(
                              object.path("kind") + " is not in protobuf"));
        });
  }
}
