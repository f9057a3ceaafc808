package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.protobuf.Protobuf;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.apiserver.resources.Resource;
import io.vertx.core.buffer.Buffer;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;

/** An object at a revision: the bytes as stored, and what has been read from them so far. */
public final class StoredObject {
  private final Resource resource;
  private final ObjectEncoding encoding;
  private final String key;
  private final Buffer value;
  private final long revision;

  // For those who read a change at about the same time. Kept for longer, as soft references would
  // keep them, the trees of a hundred thousand pods take many times the memory of their bytes.
  private volatile WeakReference<ObjectNode> tree;
  private volatile WeakReference<byte[]> protobuf;

  private volatile Attributes attributes;

  private record Attributes(Map<String, String> labels, Map<String, String> fields) {}

  StoredObject(
      Resource resource, ObjectEncoding encoding, String key, Buffer value, long revision) {
    this.resource = resource;
    this.encoding = encoding;
    this.key = key;
    this.value = value;
    this.revision = revision;
  }

  public ResourceType type() {
    return resource.type();
  }

  public Resource resource() {
    return resource;
  }

  public long revision() {
    return revision;
  }

  String key() {
    return key;
  }

  public String name() {
    return key.substring(key.lastIndexOf('/') + 1);
  }

  /** Returns the namespace, empty for cluster-scoped resources. */
  public String namespace() {
    if (!type().namespaced()) {
      return "";
    }
    int end = key.lastIndexOf('/');
    return key.substring(key.lastIndexOf('/', end - 1) + 1, end);
  }

  /** Returns about how many bytes the object takes on the wire. */
  int size() {
    return value.length() + 32;
  }

  Buffer value() {
    return value;
  }

  /** Returns the object as JSON. */
  public Buffer json() {
    Buffer out = Buffer.buffer(size());
    appendTo(out);
    return out;
  }

  void appendTo(Buffer out) {
    encoding.append(out, value, revision);
  }

  void appendItemTo(Buffer out) {
    encoding.appendItem(out, value, revision);
  }

  /** Returns the object as a bare message of protobuf, made once for all who read it soon. */
  byte[] protobuf() {
    var known = protobuf;
    byte[] message = known == null ? null : known.get();
    if (message == null) {
      message = Protobuf.encode(Schema.of(type()), tree());
      protobuf = new WeakReference<>(message);
    }
    return message;
  }

  /** Returns the object in protobuf. */
  byte[] envelopedProtobuf() {
    return Protobuf.envelope(type().apiVersion(), type().kind(), protobuf());
  }

  /** Returns the object as a tree that is shared: it must not be changed. */
  public ObjectNode tree() {
    var known = tree;
    ObjectNode object = known == null ? null : known.get();
    if (object == null) {
      object = copy();
      tree = new WeakReference<>(object);
    }
    return object;
  }

  /** Returns the object as a tree of the caller's own. */
  public ObjectNode copy() {
    return encoding.decode(value, revision);
  }

  Map<String, String> labels() {
    return attributes().labels;
  }

  /** Returns what a field selector sees under a name. */
  String field(String name) {
    return attributes().fields.getOrDefault(name, "");
  }

  /** Returns the same object as it was when a later revision removed it. */
  StoredObject at(long laterRevision) {
    return new StoredObject(resource, encoding, key, value, laterRevision);
  }

  private Attributes attributes() {
    Attributes known = attributes;
    if (known == null) {
      ObjectNode object = tree();
      Map<String, String> fields = new HashMap<>();
      for (String name : resource.strategy().selectableFields()) {
        String field = resource.strategy().field(object, name);
        if (!field.isEmpty()) {
          fields.put(name, field);
        }
      }
      known = new Attributes(Map.copyOf(Meta.labels(object)), Map.copyOf(fields));
      attributes = known;
    }
    return known;
  }
}
