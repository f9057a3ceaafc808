package io.hubspoke.api.schema;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An object with known fields, some of which are kinds. Its fields are read when they are first
 * asked for: most kinds are not used by most clusters, and types may contain themselves.
 */
public final class Struct implements Type {
  private final TypeGroup group;
  private final String name;
  private final List<String> flags;
  private final List<String> notation;
  private volatile Fields fields;

  /**
   * @param declared in the order of the type
   * @param json by their names in JSON, those of inlined structs included
   * @param sorted those that protobuf has, by number
   * @param numbered the same at the index of their numbers; null where there is none
   */
  private record Fields(
      List<Field> declared, Map<String, Field> json, List<Field> sorted, List<Field> numbered) {}

  Struct(TypeGroup group, String name, List<String> flags, List<String> notation) {
    this.group = group;
    this.name = name;
    this.flags = List.copyOf(flags);
    this.notation = List.copyOf(notation);
  }

  /** Returns the group that defines it. */
  public TypeGroup group() {
    return group;
  }

  public String name() {
    return name;
  }

  /** Returns whether objects of it carry {@code apiVersion} and {@code kind}. */
  public boolean isKind() {
    return flags.contains("kind");
  }

  /** Returns whether server-side apply replaces it as a whole. */
  public boolean isAtomic() {
    return flags.contains("atomic");
  }

  /**
   * Returns whether the JSON is the value of just one of the fields, told apart by its form: an
   * object, an array or a boolean.
   */
  public boolean isUnion() {
    return flags.contains("union");
  }

  /** Returns the fields as protobuf has them: an inlined struct is one field. */
  public List<Field> declaredFields() {
    return fields().declared;
  }

  /** Returns the fields as JSON has them, {@code apiVersion} and {@code kind} first. */
  public Map<String, Field> jsonFields() {
    return fields().json;
  }

  /** Returns a field by its name in JSON, or null. */
  public Field field(String jsonName) {
    return fields().json.get(jsonName);
  }

  /** Returns the fields that protobuf has, by their numbers. */
  public List<Field> numberedFields() {
    return fields().sorted;
  }

  /** Returns a field by its number in protobuf, or null. */
  public Field field(int number) {
    List<Field> numbered = fields().numbered;
    return number > 0 && number < numbered.size() ? numbered.get(number) : null;
  }

  @Override
  public String toString() {
    return group + "." + name;
  }

  private Fields fields() {
    Fields known = fields;
    if (known == null) {
      known = read();
      fields = known;
    }
    return known;
  }

  private Fields read() {
    List<Field> declared = notation.stream().map(line -> FieldReader.read(group, line)).toList();
    Map<String, Field> json = new LinkedHashMap<>();
    if (isKind()) {
      json.put("kind", FieldReader.read(group, "0 kind string"));
      json.put("apiVersion", FieldReader.read(group, "0 apiVersion string"));
    }
    int greatest = 0;
    for (Field field : declared) {
      greatest = Math.max(greatest, field.number());
      if (field.inlined() && field.type() instanceof Struct inlined) {
        inlined.jsonFields().forEach(json::putIfAbsent);
      } else if (!isUnion()) {
        json.put(field.name(), field);
      }
    }
    Field[] numbered = new Field[greatest + 1];
    for (Field field : declared) {
      numbered[field.number()] = field;
    }
    numbered[0] = null;
    return new Fields(
        declared,
        Collections.unmodifiableMap(json),
        Arrays.stream(numbered).filter(Objects::nonNull).toList(),
        Collections.unmodifiableList(Arrays.asList(numbered)));
  }
}
