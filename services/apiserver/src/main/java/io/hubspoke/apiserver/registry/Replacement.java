package io.hubspoke.apiserver.registry;

/**
 * What a PUT left behind.
 *
 * @param created whether there was nothing to replace
 */
public record Replacement(StoredObject object, boolean created) {}
