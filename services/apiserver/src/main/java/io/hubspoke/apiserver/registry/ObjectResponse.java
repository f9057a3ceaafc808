package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.Iterator;

/** Sends objects and lists; a long list goes out in pieces, no faster than the client reads. */
final class ObjectResponse {
  private static final int PIECE = 64 * 1024;

  private final HttpServerResponse response;

  ObjectResponse(HttpServerResponse response) {
    this.response = response;
  }

  Future<Void> send(int code, ObjectNode body) {
    return send(code, Buffer.buffer(Json.bytes(body)));
  }

  Future<Void> send(int code, Buffer body) {
    return response.setStatusCode(code).putHeader("Content-Type", "application/json").end(body);
  }

  /** Sends a list, whose items are copied from the bytes that they were stored with. */
  Future<Void> sendSpliced(ObjectList list) {
    var type = list.type();
    ObjectNode head =
        Json.object().put("kind", type.kind() + "List").put("apiVersion", type.apiVersion());
    Rendering.listMeta(list, head.putObject("metadata"));
    Buffer piece = Buffer.buffer(Json.bytes(head));
    // The closing brace makes room for the items.
    piece = piece.slice(0, piece.length() - 1).copy().appendString(",\"items\":[");
    Iterator<StoredObject> items = list.items().iterator();
    appendItems(piece, items, true);
    if (!items.hasNext()) {
      return send(200, piece.appendString("]}"));
    }
    response.setChunked(true).putHeader("Content-Type", "application/json");
    Promise<Void> sent = Promise.promise();
    response.closeHandler(
        v -> {
          // An end closes as well.
          if (!response.ended()) {
            sent.tryFail("the client went away");
          }
        });
    pump(piece, items, sent);
    return sent.future();
  }

  private void pump(Buffer first, Iterator<StoredObject> items, Promise<Void> sent) {
    Buffer piece = first;
    while (!response.closed()) {
      if (!items.hasNext()) {
        response
            .end(piece.appendString("]}"))
            .onSuccess(sent::tryComplete)
            .onFailure(sent::tryFail);
        return;
      }
      response.write(piece);
      piece = Buffer.buffer(PIECE + PIECE / 8);
      appendItems(piece, items, false);
      if (response.writeQueueFull()) {
        Buffer next = piece;
        response.drainHandler(
            v -> {
              response.drainHandler(null);
              pump(next, items, sent);
            });
        return;
      }
    }
  }

  private static void appendItems(Buffer piece, Iterator<StoredObject> items, boolean first) {
    boolean comma = !first;
    while (items.hasNext() && piece.length() < PIECE) {
      if (comma) {
        piece.appendByte((byte) ',');
      }
      items.next().appendItemTo(piece);
      comma = true;
    }
  }
}
