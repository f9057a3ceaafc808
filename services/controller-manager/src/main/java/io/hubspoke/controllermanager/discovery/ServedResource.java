package io.hubspoke.controllermanager.discovery;

import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.Resource;
import java.util.Set;

/** A type that the apiserver serves, as discovery tells of it. */
public record ServedResource(String kind, Resource<ObjectMetadata> resource, Set<String> verbs) {
  public ServedResource {
    verbs = Set.copyOf(verbs);
  }

  /** Returns {@code v1} or {@code group/version}. */
  public String apiVersion() {
    return resource.group().isEmpty()
        ? resource.version()
        : resource.group() + "/" + resource.version();
  }

  public boolean can(String... all) {
    return verbs.containsAll(Set.of(all));
  }
}
