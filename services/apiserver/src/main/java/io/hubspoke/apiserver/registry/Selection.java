package io.hubspoke.apiserver.registry;

import io.hubspoke.api.FieldSelector;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.resources.Resource;

/**
 * Which objects of a resource a list, watch or collection's deletion is about.
 *
 * @param namespace empty for all
 */
public record Selection(
    Resource resource, String namespace, LabelSelector labels, FieldSelector fields) {

  public Selection {
    for (var term : fields.terms()) {
      if (!resource.strategy().selectableFields().contains(term.field())) {
        throw Status.badRequest(
                "field label not supported: " + term.field() + " (" + resource.type().kind() + ")")
            .toException();
      }
    }
  }

  public static Selection all(Resource resource, String namespace) {
    return new Selection(resource, namespace, LabelSelector.EVERYTHING, FieldSelector.EVERYTHING);
  }

  ResourceType type() {
    return resource.type();
  }

  /** Returns whether only the namespace counts, so that no object need be looked into. */
  boolean everything() {
    return labels.isEmpty() && fields.isEmpty();
  }

  String prefix() {
    return StorageKeys.prefix(type(), namespace);
  }

  boolean matches(StoredObject object) {
    return object.key().startsWith(prefix()) && selects(object);
  }

  /** Returns whether the selectors hold for an object that is known to be in the namespace. */
  boolean selects(StoredObject object) {
    return (labels.isEmpty() || labels.matches(object.labels()))
        && (fields.isEmpty() || fields.matches(object::field));
  }
}
