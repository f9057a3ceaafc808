package io.hubspoke.streams;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/**
 * Reads the sizes that a client sends: JSON objects one after the other, cut into pieces anywhere.
 * What is no size ends it; later ones are not looked at, as in Kubernetes.
 */
public final class TerminalSizes implements Handler<Buffer> {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int MAX_PENDING = 4096;

  private final Handler<TerminalSize> sizes;
  private final JsonParser parser;
  private int depth;
  private int width;
  private int height;
  private int sinceSize;
  private boolean broken;

  public TerminalSizes(Handler<TerminalSize> sizes) {
    this.sizes = sizes;
    try {
      this.parser = JSON.createNonBlockingByteArrayParser();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void handle(Buffer more) {
    sinceSize += more.length();
    if (broken) {
      return;
    }
    try {
      byte[] bytes = more.getBytes();
      ((ByteArrayFeeder) parser.getNonBlockingInputFeeder()).feedInput(bytes, 0, bytes.length);
      JsonToken token;
      while ((token = parser.nextToken()) != JsonToken.NOT_AVAILABLE && token != null) {
        read(token);
      }
      broken = sinceSize > MAX_PENDING;
    } catch (IOException malformed) {
      broken = true;
    }
  }

  private void read(JsonToken token) throws IOException {
    switch (token) {
      case START_OBJECT -> {
        if (depth++ == 0) {
          width = 0;
          height = 0;
        }
      }
      case END_OBJECT -> {
        if (--depth == 0) {
          sinceSize = 0;
          // A terminal that is 0 wide is one of whose size nothing is known.
          if (width > 0 && height > 0) {
            sizes.handle(new TerminalSize(width, height));
          }
        }
      }
      case VALUE_NUMBER_INT -> number();
      default -> {}
    }
  }

  private void number() throws IOException {
    int value = parser.getIntValue();
    if (value < 0 || value > 65535) {
      broken = true;
      return;
    }
    if (depth == 1) {
      switch (parser.currentName()) {
        case "Width", "width" -> width = value;
        case "Height", "height" -> height = value;
        case null, default -> {}
      }
    }
  }
}
