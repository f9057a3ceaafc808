package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps an informer's objects by what controls them, so that nobody has to go through all of them.
 * Thread-safe.
 */
public final class OwnedIndex<T extends HasMetadata> implements Informer.Handler<T> {
  /**
   * Where an object lies: with its owner, or with the orphans of its namespace. Who names an owner
   * of another namespace has none, whatever UID he has learnt (an owner reference has no
   * namespace).
   */
  private record Place(String namespace, String owner) {
    static Place of(Item<? extends HasMetadata> item) {
      var owner = ControllerReference.of(item.object());
      return new Place(item.key().namespace(), owner == null ? "" : owner.getUid());
    }
  }

  private final Map<Place, Map<Item.Key, T>> objects = new HashMap<>();
  private final Map<Item.Key, Place> places = new HashMap<>();

  /** Makes an index of an informer that was not started yet. */
  public static <T extends HasMetadata> OwnedIndex<T> of(Informer<T> informer) {
    var index = new OwnedIndex<T>();
    informer.addHandler(index);
    return index;
  }

  /** Returns what the owner with this UID controls, which is in its own namespace. */
  public List<T> ownedBy(String namespace, String uid) {
    return at(new Place(namespace, uid));
  }

  /** Returns what nobody controls in a namespace. */
  public List<T> orphans(String namespace) {
    return at(new Place(namespace, ""));
  }

  @Override
  public synchronized void added(Item<T> item) {
    var place = Place.of(item);
    places.put(item.key(), place);
    objects.computeIfAbsent(place, p -> new HashMap<>()).put(item.key(), item.object());
  }

  @Override
  public synchronized void updated(Item<T> before, Item<T> now) {
    forget(now.key());
    added(now);
  }

  @Override
  public synchronized void deleted(Item<T> last) {
    forget(last.key());
  }

  private synchronized List<T> at(Place place) {
    return List.copyOf(objects.getOrDefault(place, Map.of()).values());
  }

  private void forget(Item.Key key) {
    var place = places.remove(key);
    if (place == null) {
      return;
    }
    var there = objects.get(place);
    there.remove(key);
    if (there.isEmpty()) {
      objects.remove(place);
    }
  }
}
