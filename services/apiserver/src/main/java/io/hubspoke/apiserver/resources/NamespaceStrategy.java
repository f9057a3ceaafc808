package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** Namespaces: named by a DNS label, which is also one of their labels. */
final class NamespaceStrategy extends GenericStrategy {
  private static final String FINALIZER = "kubernetes";

  NamespaceStrategy() {
    super(false, true, Map.of("status.phase", at("status", "phase")));
  }

  @Override
  public List<String> validateName(String name, boolean prefix) {
    return Names.dns1123Label(prefix ? Names.withoutTrailingDash(name) : name);
  }

  @Override
  void begin(ObjectNode namespace, Requester requester) {
    // Held until the namespace controller has removed what is in it.
    ArrayNode finalizers = object(namespace, "spec").withArray("finalizers");
    if (StreamSupport.stream(finalizers.spliterator(), false)
        .noneMatch(f -> f.asText().equals(FINALIZER))) {
      finalizers.add(FINALIZER);
    }
  }

  @Override
  void change(ObjectNode namespace, ObjectNode old, String subresource, Requester requester) {
    // Only the finalize subresource changes these.
    keep(object(namespace, "spec"), object(old.deepCopy(), "spec"), "finalizers");
  }

  @Override
  void applyDefaults(ObjectNode namespace) {
    object(namespace, "spec");
    setDefault(object(namespace, "status"), "phase", "Active");
    String name = Meta.name(namespace);
    if (!name.isEmpty()) {
      object(Meta.of(namespace), "labels").put("kubernetes.io/metadata.name", name);
    }
  }
}
