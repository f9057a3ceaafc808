package io.hubspoke.apiserver.resources;

import io.hubspoke.api.ResourceType;

/**
 * A line of the table of resources.
 *
 * @param strategy what is peculiar to the kind when it is written
 * @param columns how it is printed as a table
 */
public record Resource(ResourceType type, ResourceStrategy strategy, TableColumns columns) {}
