package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;

/** An object with what identifies it and its state, read from its metadata. */
public record Item<T>(Key key, String uid, String resourceVersion, T object) {

  /** Names an object within its resource; the namespace is empty for cluster-scoped ones. */
  public record Key(String namespace, String name) {
    @Override
    public String toString() {
      return namespace.isEmpty() ? name : namespace + "/" + name;
    }
  }

  /** Reads an object of a collection, which may share parts with others: it is for reading. */
  static <T> Item<T> of(ObjectNode tree, Class<T> type) {
    T object = typed(tree, type);
    CommonParts.share(object);
    return new Item<>(
        new Key(Meta.namespace(tree), Meta.name(tree)),
        Meta.uid(tree),
        Meta.resourceVersion(tree),
        object);
  }

  static <T> T typed(ObjectNode tree, Class<T> type) {
    if (type == ObjectNode.class) {
      return type.cast(tree);
    }
    return type == ObjectMetadata.class
        ? type.cast(ObjectMetadata.of(tree))
        : Json.convert(tree, type);
  }
}
