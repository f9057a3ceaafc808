package io.hubspoke.api.schema;

import java.util.List;

/**
 * A field of a struct.
 *
 * @param name in JSON; of an inlined struct, which has none there, its name in protobuf
 * @param number in protobuf; 0 for a field that protobuf doesn't have
 * @param type of the value, or of each element of a list or map
 * @param inlined whether the struct is a message of its own in protobuf but its fields are its
 *     parent's in JSON
 * @param required whether OpenAPI calls it required
 * @param keepsEmpty whether an empty value says something else than an absent one (a Go pointer),
 *     or is written all the same (no {@code omitempty})
 * @param enumValues what a string may be; empty for any
 */
public record Field(
    String name,
    int number,
    Container container,
    Type type,
    boolean inlined,
    boolean required,
    boolean keepsEmpty,
    Merging merging,
    List<String> enumValues) {

  /** How many values there are. */
  public enum Container {
    SINGLE,
    LIST,
    MAP
  }

  /**
   * How patches and appliers merge the field ({@code patchStrategy} and {@code listType} markers).
   *
   * @param mergeable whether a strategic merge patch merges a list's elements
   * @param retainKeys whether such a patch may say which keys remain
   * @param replaced whether such a patch replaces an object instead of merging it
   * @param mergeKey what tells the elements apart; empty for scalars
   * @param listType {@code atomic}, {@code set}, {@code map} or empty
   * @param listMapKeys what tells the elements of a list that is a map apart
   * @param atomic whether an object or a map is replaced as a whole by server-side apply
   */
  public record Merging(
      boolean mergeable,
      boolean retainKeys,
      boolean replaced,
      String mergeKey,
      String listType,
      List<String> listMapKeys,
      boolean atomic) {
    static final Merging NONE = new Merging(false, false, false, "", "", List.of(), false);

    public Merging {
      listMapKeys = List.copyOf(listMapKeys);
    }
  }

  public Field {
    enumValues = List.copyOf(enumValues);
  }
}
