package io.hubspoke.apiserver.registry;

import io.hubspoke.api.FieldSelector;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.resources.Resource;

/** Which objects of a resource a list, watch or collection's deletion is about. */
public final class Selection {
  private final Resource resource;
  private final LabelSelector labels;
  private final FieldSelector fields;
  private final String prefix;
  private final FieldSelector.Term pin;

  /**
   * Selects within a namespace.
   *
   * @param namespace empty for all
   * @throws io.hubspoke.api.ApiException 400 for a field that can't be selected by
   */
  public Selection(
      Resource resource, String namespace, LabelSelector labels, FieldSelector fields) {
    this.resource = resource;
    this.labels = labels;
    this.fields = fields;
    this.prefix = StorageKeys.prefix(resource.type(), namespace);
    this.pin = fields.terms().stream().filter(term -> !term.negated()).findFirst().orElse(null);
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

  Resource resource() {
    return resource;
  }

  ResourceType type() {
    return resource.type();
  }

  /** Returns whether only the namespace counts, so that no object need be looked into. */
  boolean everything() {
    return labels.isEmpty() && fields.isEmpty();
  }

  /** Returns a field and the one value that it has in all objects that are meant; null for none. */
  FieldSelector.Term pin() {
    return pin;
  }

  String prefix() {
    return prefix;
  }

  boolean matches(StoredObject object) {
    return object.key().startsWith(prefix) && selects(object);
  }

  /** Returns whether the selectors hold for an object that is known to be in the namespace. */
  boolean selects(StoredObject object) {
    return (labels.isEmpty() || labels.matches(object.labels()))
        && (fields.isEmpty() || fields.matches(object::field));
  }
}
