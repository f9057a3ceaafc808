package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.protobuf.ListWriter;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.apiserver.http.MediaType;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** A list's body in pieces that are put together, as they are sent, from its objects' own bytes. */
final class ListPieces implements Iterator<Buffer> {
  private static final int PIECE = 64 * 1024;

  /** How many objects are encoded before other requests of the event loop have their turn. */
  private static final int TURN = 64;

  private final Iterator<Item> items;
  private final byte[] separator;
  private final byte[] end;
  private Buffer piece;

  /** Appends one object. */
  @FunctionalInterface
  private interface Item {
    void appendTo(Buffer piece);
  }

  private ListPieces(Buffer head, Iterator<Item> items, byte[] separator, byte[] end) {
    this.piece = head;
    this.items = items;
    this.separator = separator;
    this.end = end;
    fill(true);
  }

  /** Prepares a list in a form; the context is the one on which it is sent. */
  static Future<ListPieces> of(ObjectList list, MediaType mediaType, Context context) {
    return switch (mediaType) {
      case JSON -> Future.succeededFuture(json(list));
      case PROTOBUF -> {
        Promise<ListPieces> prepared = Promise.promise();
        encode(list, list.items().iterator(), new ArrayList<>(), context, prepared);
        yield prepared.future();
      }
    };
  }

  private static ListPieces json(ObjectList list) {
    Buffer head = Buffer.buffer(Json.bytes(head(list)));
    // The closing brace makes room for the items.
    head = head.slice(0, head.length() - 1).copy().appendString(",\"items\":[");
    Iterator<StoredObject> objects = list.items().iterator();
    Iterator<Item> items = map(objects, object -> object::appendItemTo);
    return new ListPieces(head, items, new byte[] {','}, new byte[] {']', '}'});
  }

  /** Encodes all objects first: the length of all precedes them. */
  private static void encode(
      ObjectList list,
      Iterator<StoredObject> left,
      List<byte[]> encoded,
      Context context,
      Promise<ListPieces> prepared) {
    for (int i = 0; i < TURN && left.hasNext(); i++) {
      encoded.add(left.next().protobuf());
    }
    if (left.hasNext()) {
      context.runOnContext(v -> encode(list, left, encoded, context, prepared));
      return;
    }
    var type = list.type();
    ObjectNode head = head(list);
    ListWriter writer =
        new ListWriter(
            Schema.lookup(type.apiVersion(), type.kind() + "List").orElseThrow(), head, encoded);
    Iterator<Item> items =
        map(
            encoded.iterator(),
            bytes -> piece -> piece.appendBytes(writer.itemHead(bytes)).appendBytes(bytes));
    prepared.complete(
        new ListPieces(Buffer.buffer(writer.head()), items, new byte[0], writer.end()));
  }

  private static ObjectNode head(ObjectList list) {
    var type = list.type();
    ObjectNode head =
        Json.object().put("kind", type.kind() + "List").put("apiVersion", type.apiVersion());
    Rendering.listMeta(list, head.putObject("metadata"));
    return head;
  }

  private static <T> Iterator<Item> map(
      Iterator<T> source, java.util.function.Function<T, Item> item) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return source.hasNext();
      }

      @Override
      public Item next() {
        return item.apply(source.next());
      }
    };
  }

  @Override
  public boolean hasNext() {
    return piece != null;
  }

  @Override
  public Buffer next() {
    Buffer full = piece;
    if (items.hasNext()) {
      piece = Buffer.buffer(PIECE + PIECE / 8);
      fill(false);
    } else {
      piece = null;
    }
    return full;
  }

  private void fill(boolean first) {
    boolean separate = !first;
    while (items.hasNext() && piece.length() < PIECE) {
      if (separate) {
        piece.appendBytes(separator);
      }
      items.next().appendTo(piece);
      separate = true;
    }
    if (!items.hasNext()) {
      piece.appendBytes(end);
    }
  }
}
