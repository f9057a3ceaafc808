package io.hubspoke.apiserver.resources;

import io.hubspoke.api.ResourceType;

/**
 * A line of the table of resources.
 *
 * @param strategy what is peculiar to the kind when it is written
 * @param columns how it is printed as a table
 * @param conversion how its objects are stored; {@link Conversion#NONE} unless they are kept in
 *     another version
 */
public record Resource(
    ResourceType type, ResourceStrategy strategy, TableColumns columns, Conversion conversion) {

  /** A resource that is stored in the version in which it is served. */
  public Resource(ResourceType type, ResourceStrategy strategy, TableColumns columns) {
    this(type, strategy, columns, Conversion.NONE);
  }
}
