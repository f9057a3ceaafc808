package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import java.util.Map;

/**
 * Serves the events of the core group as {@code events.k8s.io/v1}: the same objects, whose fields
 * got other names there.
 */
final class EventConversion implements Conversion {
  private static final Map<String, String> TO_STORED =
      Map.of(
          "regarding", "involvedObject",
          "note", "message",
          "reportingController", "reportingComponent",
          "deprecatedSource", "source",
          "deprecatedFirstTimestamp", "firstTimestamp",
          "deprecatedLastTimestamp", "lastTimestamp",
          "deprecatedCount", "count");
  private static final Map<String, String> FROM_STORED =
      TO_STORED.entrySet().stream()
          .collect(
              java.util.stream.Collectors.toUnmodifiableMap(
                  Map.Entry::getValue, Map.Entry::getKey));

  private final ResourceType stored;

  EventConversion(ResourceType stored) {
    this.stored = stored;
  }

  @Override
  public ResourceType stored(ResourceType served) {
    return stored;
  }

  @Override
  public ObjectNode toStored(ObjectNode object) {
    return renamed(object, TO_STORED, "v1");
  }

  @Override
  public ObjectNode fromStored(ObjectNode object) {
    return renamed(object, FROM_STORED, "events.k8s.io/v1");
  }

  /**
   * Renames fields. One that is unknown but has a name of the other version is dropped: nobody has
   * checked its type, and there it would be taken for the known one.
   */
  private static ObjectNode renamed(
      ObjectNode object, Map<String, String> names, String apiVersion) {
    ObjectNode other = Json.object();
    object
        .properties()
        .forEach(
            e -> {
              if (!names.containsValue(e.getKey())) {
                other.set(names.getOrDefault(e.getKey(), e.getKey()), e.getValue());
              }
            });
    other.put("apiVersion", apiVersion);
    return other;
  }
}
