package io.hubspoke.apiserver.registry;

import io.hubspoke.api.ResourceType;
import java.util.List;

/**
 * A list or a page of one.
 *
 * @param revision the state that was read
 * @param continueToken empty on the last page
 * @param remaining how many objects follow; negative when it isn't known
 */
public record ObjectList(
    ResourceType type,
    List<StoredObject> items,
    long revision,
    String continueToken,
    long remaining) {}
