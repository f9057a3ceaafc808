package io.hubspoke.tunnel;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.nio.charset.StandardCharsets;

/** What has come so far: how much, and the beginning of it. */
final class Received {
  private static final int MOST_TEXT = 1024;

  private final StringBuilder text = new StringBuilder();
  private long length;

  static Received of(ReadStream<Buffer> stream) {
    Received received = new Received();
    stream.handler(received::add);
    stream.resume();
    return received;
  }

  synchronized void add(Buffer data) {
    length += data.length();
    if (text.length() < MOST_TEXT) {
      text.append(data.toString(StandardCharsets.ISO_8859_1));
    }
  }

  synchronized long length() {
    return length;
  }

  synchronized String text() {
    return text.toString();
  }
}
