package io.hubspoke.apiserver.registry;

import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.resources.Resource;

/**
 * What a request is about.
 *
 * @param namespace empty for cluster-scoped resources
 * @param name empty for a creation
 * @param subresource empty for the object itself
 */
public record Target(Resource resource, String namespace, String name, String subresource) {

  public static Target of(Resource resource, String namespace, String name) {
    return new Target(resource, namespace, name, "");
  }

  ResourceType type() {
    return resource.type();
  }

  String key() {
    return StorageKeys.key(type(), namespace, name);
  }

  Target named(String other) {
    return new Target(resource, namespace, other, subresource);
  }
}
