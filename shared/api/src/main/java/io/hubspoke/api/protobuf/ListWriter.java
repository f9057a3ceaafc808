package io.hubspoke.api.protobuf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.schema.Struct;
import java.util.List;

/**
 * Writes a list around items that are encoded already: its head in an envelope, each item behind a
 * head of its own, and the end of the envelope.
 */
public final class ListWriter {
  private static final int ITEMS = 2;
  private static final int RAW = 2;

  private final byte[] head;

  /**
   * Prepares a list.
   *
   * @param list the list's type
   * @param object the list without items
   * @param items bare messages
   */
  public ListWriter(Struct list, ObjectNode object, List<byte[]> items) {
    byte[] metadata = Protobuf.encode(list, object);
    long length = metadata.length;
    for (byte[] item : items) {
      length += itemHead(item).length + item.length;
    }
    WireWriter out = new WireWriter();
    out.raw(metadata);
    out.head(RAW, length);
    Protobuf.typeMeta(out, object.path("apiVersion").asText(), object.path("kind").asText());
    this.head = out.toBytes();
  }

  /** Returns what precedes the items. */
  public byte[] head() {
    return head.clone();
  }

  /** Returns what precedes an item. */
  public byte[] itemHead(byte[] item) {
    WireWriter out = new WireWriter(10);
    out.head(ITEMS, item.length);
    return out.toBytes();
  }

  /** Returns what follows the items. */
  public byte[] end() {
    return Protobuf.envelopeEnd();
  }
}
