package io.hubspoke.api.schema;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The types of a group's version, read when they are first asked for. */
public final class TypeGroup {
  private final String group;
  private final String version;
  private final String apiVersion;
  private volatile Map<String, Struct> structs;

  TypeGroup(String group, String version) {
    this.group = group;
    this.version = version;
    this.apiVersion = group.isEmpty() ? version : group + "/" + version;
  }

  public String group() {
    return group;
  }

  public String version() {
    return version;
  }

  /** Returns what objects carry as {@code apiVersion}. */
  public String apiVersion() {
    return apiVersion;
  }

  /** Returns the name by which other groups refer to it, such as {@code core.v1}. */
  @Override
  public String toString() {
    int dot = group.indexOf('.');
    String name = group.isEmpty() ? "core" : dot < 0 ? group : group.substring(0, dot);
    return name + "." + version;
  }

  /** Returns all types of the group, those that are kinds first. */
  public Collection<Struct> structs() {
    return loaded().values();
  }

  /** Returns a type by its name, or null. */
  public Struct struct(String name) {
    return loaded().get(name);
  }

  /**
   * Returns what a field's notation names: a scalar, or a struct of here, of meta or of another.
   */
  Type type(String name) {
    int colon = name.indexOf(':');
    Type type = colon < 0 ? local(name) : other(name, colon);
    if (type == null) {
      throw new IllegalStateException(this + " names an unknown type " + name);
    }
    return type;
  }

  private Type local(String name) {
    Scalar scalar = Scalar.of(name);
    if (scalar != null) {
      return scalar;
    }
    Struct struct = struct(name);
    return struct == null ? Schema.META.struct(name) : struct;
  }

  private static Type other(String name, int colon) {
    return Schema.named(name.substring(0, colon)).struct(name.substring(colon + 1));
  }

  private Map<String, Struct> loaded() {
    Map<String, Struct> known = structs;
    if (known == null) {
      // Two threads that load at once must not end up with different structs.
      synchronized (this) {
        known = structs;
        if (known == null) {
          known = load();
          structs = known;
        }
      }
    }
    return known;
  }

  /** Splits the file into structs, which blank lines separate; the first line of each names it. */
  private Map<String, Struct> load() {
    Map<String, Struct> all = new LinkedHashMap<>();
    List<String> block = new ArrayList<>();
    for (String line : text().split("\n", -1)) {
      if (!line.isEmpty()) {
        block.add(line);
      } else if (!block.isEmpty()) {
        List<String> head = List.of(block.getFirst().split(" "));
        all.put(
            head.getFirst(),
            new Struct(
                this,
                head.getFirst(),
                head.subList(1, head.size()),
                block.subList(1, block.size())));
        block.clear();
      }
    }
    return Collections.unmodifiableMap(all);
  }

  private String text() {
    try (var in = TypeGroup.class.getResourceAsStream(toString())) {
      if (in == null) {
        throw new IllegalStateException("the types of " + this + " are missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
