package io.hubspoke.api.schema;

import io.hubspoke.api.schema.Field.Container;
import io.hubspoke.api.schema.Field.Merging;
import java.util.List;

/**
 * Reads a field's line: protobuf's number, the name, the type, and what else is to be said, such as
 * {@code 2 containers! []Container patch=merge key=name list=map keys=name}.
 *
 * <p>A name ends in {@code !} when it is required and in {@code ?} when it is optional but written
 * even if it is empty; {@code ~} before it inlines the struct. A type begins with {@code []} for a
 * list, {@code {}} for a map and {@code *} where an empty value is not an absent one; a type of
 * another group is {@code core.v1:Container}.
 */
final class FieldReader {
  private FieldReader() {}

  static Field read(TypeGroup group, String line) {
    String[] words = line.split(" ");
    String name = words[1];
    boolean inlined = name.startsWith("~");
    boolean required = name.endsWith("!");
    boolean written = required || name.endsWith("?");
    String type = words[2];
    Container container = Container.SINGLE;
    if (type.startsWith("[]")) {
      container = Container.LIST;
    } else if (type.startsWith("{}")) {
      container = Container.MAP;
    }
    type = container == Container.SINGLE ? type : type.substring(2);
    boolean pointer = type.startsWith("*");
    return new Field(
        name.substring(inlined ? 1 : 0, written ? name.length() - 1 : name.length()),
        Integer.parseInt(words[0]),
        container,
        group.type(pointer ? type.substring(1) : type),
        inlined,
        required,
        pointer || written,
        words.length == 3 ? Merging.NONE : merging(words),
        list(words, "enum=", "\\|"));
  }

  private static Merging merging(String[] words) {
    String patch = value(words, "patch=");
    return new Merging(
        patch.startsWith("merge"),
        patch.endsWith("retainKeys"),
        patch.equals("replace"),
        value(words, "key="),
        value(words, "list="),
        list(words, "keys=", ","),
        !value(words, "map=").isEmpty() || !value(words, "struct=").isEmpty());
  }

  private static List<String> list(String[] words, String key, String separator) {
    String value = value(words, key);
    return value.isEmpty() ? List.of() : List.of(value.split(separator));
  }

  private static String value(String[] words, String key) {
    for (int i = 3; i < words.length; i++) {
      if (words[i].startsWith(key)) {
        return words[i].substring(key.length());
      }
    }
    return "";
  }
}
