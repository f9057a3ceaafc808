package io.hubspoke.streams;

import io.hubspoke.api.Json;
import io.vertx.core.buffer.Buffer;

/** Columns and rows of a terminal, each from 1 to 65535. */
public record TerminalSize(int width, int height) {

  /** Returns it as clients send it. */
  public Buffer json() {
    return Buffer.buffer(Json.bytes(Json.object().put("Width", width).put("Height", height)));
  }
}
