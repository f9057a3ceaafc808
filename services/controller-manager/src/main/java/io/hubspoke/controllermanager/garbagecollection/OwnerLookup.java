package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.ObjectMetadata.OwnerReference;
import io.hubspoke.controllermanager.discovery.ServedResource;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Asks the apiserver whether objects are there: what informers have shown may be old, and a
 * deletion can't be taken back.
 */
final class OwnerLookup {
  private static final int REMEMBERED = 500;

  private final ApiClient client;
  private final ServedTypes types;
  // Absent for good, since a UID comes but once: the dependents of one owner need not all ask.
  private final Map<ObjectReference, Boolean> absent =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ObjectReference, Boolean> eldest) {
          return size() > REMEMBERED;
        }
      };

  OwnerLookup(ApiClient client, ServedTypes types) {
    this.client = client;
    this.types = types;
  }

  /** What became of an owner. */
  sealed interface Owner {
    /** There is no such object, or not the one that is meant. */
    record Absent() implements Owner {}

    record Present(ObjectMetadata metadata) implements Owner {}

    /** A cluster-scoped object has no owner in a namespace; it is left alone. */
    record Invalid() implements Owner {}
  }

  /**
   * Finds an owner where its dependent lies; waits.
   *
   * @throws UnknownTypeException when nobody serves its type, now
   */
  Owner find(OwnerReference reference, String namespace) {
    var meant = ObjectReference.of(reference, namespace);
    if (isAbsent(meant) || isAbsent(meant.clusterScoped())) {
      return new Owner.Absent();
    }
    ServedResource type = types.of(reference.apiVersion(), reference.kind());
    if (type.resource().namespaced() && namespace.isEmpty()) {
      return new Owner.Invalid();
    }
    var found = latest(type.resource().namespaced() ? meant : meant.clusterScoped());
    return found == null ? new Owner.Absent() : new Owner.Present(found);
  }

  /** Returns an object as it is now, null when it is gone or is another one; waits. */
  ObjectMetadata latest(ObjectReference reference) {
    if (isAbsent(reference)) {
      return null;
    }
    var resource = types.of(reference.apiVersion(), reference.kind()).resource();
    try {
      var found = client.get(resource, reference.namespace(), reference.name()).await();
      if (found.uid().equals(reference.uid())) {
        return found;
      }
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    synchronized (absent) {
      absent.put(reference, true);
    }
    return null;
  }

  private boolean isAbsent(ObjectReference reference) {
    synchronized (absent) {
      return absent.containsKey(reference);
    }
  }
}
