package io.hubspoke.apiserver.registry;

import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.store.Store;
import java.util.Map;

/** What every write passes on its way to the store. */
record WritePath(
    Store store,
    Cacher cacher,
    Admission admission,
    SystemMetadata metadata,
    Map<ResourceType, Allocator> allocators) {

  WritePath {
    allocators = Map.copyOf(allocators);
  }

  WatchCache cache(Target target) {
    return cacher.cache(target.type());
  }

  Allocator allocator(Target target) {
    return allocators.getOrDefault(target.type(), Allocator.NONE);
  }
}
