package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.resources.ResourceStrategy;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.time.Instant;

/**
 * Marks an object as being deleted, and tells what is to follow (the generic registry's {@code
 * BeforeDelete} and its handling of finalizers).
 */
record DeletionMark(Target target, DeleteOptions options, Instant now) {

  /** What a deletion does next. */
  enum Step {
    /** The object goes as it is. */
    REMOVE,
    /** The object's new state is stored, so that all see why it goes, and then it goes. */
    MARK_AND_REMOVE,
    /** The object's new state is stored, if it is another, and somebody else ends the deletion. */
    WAIT
  }

  Step set(ObjectNode object) {
    if (target.type().equals(ResourceTable.NAMESPACES.type())) {
      if (!Meta.deleting(object)) {
        return terminate(object);
      }
      if (!object.path("spec").path("finalizers").isEmpty()) {
        return Step.WAIT;
      }
    }
    ResourceStrategy strategy = target.resource().strategy();
    if (!strategy.deletesGracefully()) {
      return finalizersDecide(object, false, 0);
    }
    if (!Meta.deleting(object)) {
      long grace = strategy.gracePeriodSeconds(object, options.gracePeriodSeconds());
      begin(object, now.plusSeconds(grace), grace);
      return finalizersDecide(object, true, grace);
    }
    long current = object.path("metadata").path("deletionGracePeriodSeconds").asLong(0);
    if (current == 0) {
      return finalizersDecide(object, false, 0);
    }
    if (options.gracePeriodSeconds().orElse(current) >= current) {
      return Step.WAIT;
    }
    return finalizersDecide(object, true, shorten(object, current));
  }

  /** Leaves the rest to the namespace controller, which empties the namespace first. */
  private Step terminate(ObjectNode namespace) {
    Meta.of(namespace).put("deletionTimestamp", now.toString());
    ObjectNode status =
        namespace.get("status") instanceof ObjectNode s ? s : namespace.putObject("status");
    status.put("phase", "Terminating");
    settleDependents(namespace);
    return Step.WAIT;
  }

  private Step finalizersDecide(ObjectNode object, boolean marked, long grace) {
    settleDependents(object);
    boolean held = Finality.held(target.type(), object);
    if (!marked) {
      if (!held) {
        return Step.REMOVE;
      }
      if (!Meta.deleting(object)) {
        begin(object, now, 0);
      }
      return Step.WAIT;
    }
    return held || grace > 0 ? Step.WAIT : Step.MARK_AND_REMOVE;
  }

  private void settleDependents(ObjectNode object) {
    DependentsFinalizers.settle(
        object, target.resource().strategy().dependentsPolicy(), options.propagation());
  }

  private static void begin(ObjectNode object, Instant at, long grace) {
    ObjectNode meta = Meta.of(object);
    meta.put("deletionTimestamp", at.toString());
    meta.put("deletionGracePeriodSeconds", grace);
    long generation = meta.path("generation").asLong();
    if (generation > 0) {
      meta.put("generation", generation + 1);
    }
  }

  /** A later deletion may shorten the wait, never extend it. */
  private long shorten(ObjectNode object, long current) {
    long grace = options.gracePeriodSeconds().orElse(current);
    ObjectNode meta = Meta.of(object);
    Instant begun = Instant.parse(Meta.text(object, "deletionTimestamp")).minusSeconds(current);
    Instant end = begun.plusSeconds(grace);
    if (end.isBefore(now)) {
      end = now;
      // Some time is left to whoever is shutting it down, unless none was asked for.
      grace = Math.min(grace, 1);
    }
    meta.put("deletionTimestamp", end.toString());
    meta.put("deletionGracePeriodSeconds", grace);
    return grace;
  }
}
