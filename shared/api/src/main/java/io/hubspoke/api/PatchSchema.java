package io.hubspoke.api;

import io.hubspoke.api.schema.Field.Container;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;

/**
 * Knows how strategic merge patches treat the fields of built-in types ({@code patchStrategy} and
 * {@code patchMergeKey}). Lists that nothing is known of are replaced whole, objects merged.
 *
 * @param struct null for what has no fields that are known
 */
record PatchSchema(Struct struct) {
  private static final PatchSchema UNKNOWN = new PatchSchema(null);
  private static final Field ANY = new Field(UNKNOWN, null, false);

  /**
   * How a field is patched.
   *
   * @param schema of the field's value or, for a merged list, of its elements
   * @param mergeKey what tells elements apart; empty for a list of primitives that is merged; null
   *     for anything that is no merged list
   * @param replaced whether an object takes the place of the one before
   */
  record Field(PatchSchema schema, String mergeKey, boolean replaced) {}

  /** Returns the schema of a kind; of one that is not built in, that of its metadata. */
  static PatchSchema of(String group, String kind) {
    return Schema.groups().stream()
        .filter(g -> g.group().equals(group) && g.struct(kind) != null)
        .findFirst()
        .map(g -> new PatchSchema(g.struct(kind)))
        .orElseGet(() -> new PatchSchema(Schema.META.struct("PartialObjectMetadata")));
  }

  /** Returns how a field is patched. */
  Field field(String name) {
    var field = struct == null ? null : struct.field(name);
    if (field == null) {
      return ANY;
    }
    var merging = field.merging();
    boolean typed = field.type() instanceof Struct && field.container() != Container.MAP;
    return new Field(
        typed ? new PatchSchema((Struct) field.type()) : UNKNOWN,
        field.container() == Container.LIST && merging.mergeable() ? merging.mergeKey() : null,
        merging.replaced());
  }
}
