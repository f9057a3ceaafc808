package io.hubspoke.api.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;
import io.hubspoke.api.schema.Field.Container;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is stored can be read by clients with typed models: every field has its type here too. */
class TypedModelTest {

  /** A kind and its class in another client of Kubernetes. */
  record Pair(Struct struct, Class<?> model) {
    @Override
    public String toString() {
      return struct.toString();
    }
  }

  static Stream<Pair> kinds() {
    return ServiceLoader.load(KubernetesResource.class).stream()
        .map(ServiceLoader.Provider::type)
        .map(
            model -> {
              Version version = model.getAnnotation(Version.class);
              Group group = model.getAnnotation(Group.class);
              if (version == null || group == null) {
                return null;
              }
              String apiVersion =
                  group.value().isEmpty() ? version.value() : group.value() + "/" + version.value();
              return Schema.lookup(apiVersion, model.getSimpleName())
                  .map(struct -> new Pair(struct, model))
                  .orElse(null);
            })
        .filter(Objects::nonNull);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everyFieldOfTheModelIsHereAsTheModelHasIt(Pair kind) {
    List<String> differences = new ArrayList<>();
    compare(kind.model, kind.struct, kind.struct.name(), differences, new HashSet<>());
    assertThat(differences).isEmpty();
  }

  @Test
  void mostKindsAreCompared() {
    assertThat(kinds().map(pair -> pair.struct.toString()))
        .hasSizeGreaterThan(60)
        .contains("core.v1.Pod", "apps.v1.Deployment", "storage.v1.CSINode");
  }

  private static void compare(
      Class<?> model, Struct struct, String path, List<String> differences, Set<Class<?>> seen) {
    // A union has no fields in JSON.
    if (struct.isUnion() || !seen.add(model)) {
      return;
    }
    for (java.lang.reflect.Field theirs : model.getDeclaredFields()) {
      JsonProperty property = theirs.getAnnotation(JsonProperty.class);
      if (property != null) {
        String name = path + "." + property.value();
        Field field = struct.field(property.value());
        if (field == null) {
          differences.add(name + " is missing");
        } else {
          compare(theirs.getGenericType(), field, name, differences, seen);
        }
      }
    }
  }

  private static void compare(
      Type theirs, Field field, String path, List<String> differences, Set<Class<?>> seen) {
    Container container = container(theirs, field);
    Type value =
        container == Container.SINGLE || !(theirs instanceof ParameterizedType generic)
            ? theirs
            : generic.getActualTypeArguments()[container == Container.MAP ? 1 : 0];
    boolean same =
        switch (field.type()) {
          case Struct struct when value instanceof Class<?> model -> {
            compare(model, struct, path, differences, seen);
            yield !model.getName().startsWith("java.");
          }
          case Struct struct -> false;
          // A list of strings is one value here.
          case Scalar scalar -> scalar == Scalar.STRING_LIST || fits(value, scalar);
        };
    if (!same || (container != field.container() && field.type() != Scalar.STRING_LIST)) {
      differences.add(path + ": " + theirs.getTypeName() + " is " + field + " here");
    }
  }

  private static Container container(Type theirs, Field field) {
    if (!(theirs instanceof ParameterizedType generic) || field.type() == Scalar.FIELDS_V1) {
      return Container.SINGLE;
    }
    return generic.getRawType() == Map.class ? Container.MAP : Container.LIST;
  }

  private static boolean fits(Type type, Scalar scalar) {
    return switch (scalar) {
      case STRING, TIME, BYTES -> type == String.class;
      case MICRO_TIME -> type == MicroTime.class || type == ZonedDateTime.class;
      case INT32 -> type == Integer.class;
      case INT64 -> type == Long.class;
      case BOOL -> type == Boolean.class;
      case DOUBLE -> type == Double.class;
      case QUANTITY -> type == Quantity.class;
      case INT_OR_STRING -> type == IntOrString.class;
      case STRING_LIST -> false;
      case RAW_EXTENSION, FIELDS_V1, JSON, ANY -> true;
    };
  }
}
