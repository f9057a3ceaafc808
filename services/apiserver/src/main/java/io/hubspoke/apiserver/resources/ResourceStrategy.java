package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status.Cause;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What is peculiar to one kind of object when it is written (apiserver's create, update and delete
 * strategies). The caller has set {@code metadata} that every kind has (name, namespace, uid,
 * creation timestamp) and validates it with {@link ObjectMetaRules}; a strategy changes the object
 * it is given, never the old one, and keeps fields that it does not know.
 *
 * <p>A subresource is {@code ""} for the object itself, or such as {@code status}.
 */
public interface ResourceStrategy {

  /** Fills in what an object leaves out, as webhooks are to see it. */
  void setDefaults(ObjectNode object);

  /** Resets what a client may not set, then fills in defaults. */
  void prepareForCreate(ObjectNode object, Requester requester);

  /** Returns the errors of an object that is to be created; empty when it is valid. */
  List<Cause> validate(ObjectNode object);

  /**
   * Restores from {@code old} what this subresource may not change, fills in defaults, and counts
   * up {@code metadata.generation} where the kind keeps one and its spec changed.
   */
  void prepareForUpdate(ObjectNode object, ObjectNode old, String subresource, Requester requester);

  /** Returns the errors of a change, immutable fields among them. */
  List<Cause> validateUpdate(ObjectNode object, ObjectNode old, String subresource);

  /** Returns errors in a name beyond those of a path segment, as sentences; empty when valid. */
  List<String> validateName(String name, boolean prefix);

  /** Returns the field selectors' labels that this kind knows. */
  Set<String> selectableFields();

  /** Returns a selectable field's value, empty when it is unset. */
  String field(ObjectNode object, String label);

  /**
   * Returns how many seconds a deletion waits; 0 to delete at once.
   *
   * @param requested what the request asks for, if anything
   */
  default long gracePeriodSeconds(ObjectNode object, OptionalLong requested) {
    return 0;
  }

  /**
   * Returns whether somebody is given time to shut the object down, who then deletes it for good.
   */
  default boolean deletesGracefully() {
    return false;
  }

  /** Returns what becomes of dependents when a deletion doesn't say. */
  default DependentsPolicy dependentsPolicy() {
    return DependentsPolicy.DELETE;
  }

  /** Returns whether a PUT may leave out which version of the object it replaces. */
  default boolean allowsUnconditionalUpdate() {
    return true;
  }

  /** Returns why a verb is refused that the resource lacks. */
  default String refusal(ResourceType type) {
    return "the server does not allow this method on the requested resource";
  }

  /** Returns whether a PUT or patch of a name that does not exist creates the object. */
  default boolean allowsCreateOnUpdate() {
    return false;
  }
}
