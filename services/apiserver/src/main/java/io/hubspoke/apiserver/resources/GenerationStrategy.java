package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Kinds that count in {@code metadata.generation} how often what is wanted changed. */
abstract class GenerationStrategy extends GenericStrategy {
  private static final Set<String> NOT_WANTED = Set.of("kind", "apiVersion", "metadata", "status");

  GenerationStrategy(
      boolean namespaced, boolean hasStatus, Map<String, Function<ObjectNode, String>> fields) {
    super(namespaced, hasStatus, fields);
  }

  @Override
  void begin(ObjectNode object, Requester requester) {
    object(object, "metadata").put("generation", 1);
  }

  @Override
  void change(ObjectNode object, ObjectNode old, String subresource, Requester requester) {
    long generation = old.path("metadata").path("generation").asLong(1);
    boolean changed = subresource.isEmpty() && isNewGeneration(object, old);
    object(object, "metadata").put("generation", changed ? generation + 1 : generation);
  }

  /** Returns whether a change starts a new generation. */
  boolean isNewGeneration(ObjectNode object, ObjectNode old) {
    return !wanted(object).equals(wanted(old));
  }

  private static ObjectNode wanted(ObjectNode object) {
    ObjectNode wanted = object.objectNode();
    object
        .properties()
        .forEach(
            e -> {
              if (!NOT_WANTED.contains(e.getKey())) {
                wanted.set(e.getKey(), e.getValue());
              }
            });
    return wanted;
  }
}
