package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.store.PersistentMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Lists from the watch caches. */
record CacheLister(Cacher cacher) implements Lister {

  @Override
  public ObjectNode get(ResourceType type, String namespace, String name) {
    StoredObject object = cacher.cache(type).get(StorageKeys.key(type, namespace, name));
    return object == null ? null : object.tree();
  }

  @Override
  public Collection<ObjectNode> list(ResourceType type, String namespace) {
    String prefix = StorageKeys.prefix(type, namespace);
    List<ObjectNode> trees = new ArrayList<>();
    cacher
        .cache(type)
        .snapshot()
        .objects()
        .range(prefix, PersistentMap.endOf(prefix))
        .forEach(object -> trees.add(object.tree()));
    return trees;
  }

  @Override
  public long version(ResourceType type) {
    return cacher.cache(type).changed();
  }

  @Override
  public void follow(ResourceType type, ObjectFollower follower) {
    cacher.cache(type).follow(follower);
  }
}
