package io.hubspoke.apiserver.registry;

/**
 * What became of a deletion.
 *
 * @param object the last state, or the one in which it waits
 * @param removed whether the object is gone
 */
public record Deletion(StoredObject object, boolean removed) {}
