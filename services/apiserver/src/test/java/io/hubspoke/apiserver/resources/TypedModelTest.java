package io.hubspoke.apiserver.resources;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.hubspoke.apiserver.resources.Shape.Scalar;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is stored can be read by clients with typed models: every field has its type here too. */
class TypedModelTest {
  /** The server drops them, whatever they are. */
  private static final Set<String> EXCEPT = Set.of("metadata.managedFields");

  static Stream<Arguments> kinds() {
    return Stream.of(
        Arguments.of(ResourceTable.PODS, Pod.class),
        Arguments.of(ResourceTable.NODES, Node.class),
        Arguments.of(ResourceTable.NAMESPACES, Namespace.class),
        Arguments.of(ResourceTable.SERVICES, Service.class),
        Arguments.of(ResourceTable.ENDPOINTS, Endpoints.class),
        Arguments.of(ResourceTable.CONFIG_MAPS, ConfigMap.class),
        Arguments.of(ResourceTable.SECRETS, Secret.class),
        Arguments.of(ResourceTable.SERVICE_ACCOUNTS, ServiceAccount.class),
        Arguments.of(ResourceTable.EVENTS, Event.class));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void everyFieldOfTheModelIsCheckedAsTheModelHasIt(Resource resource, Class<?> model) {
    List<String> differences = new ArrayList<>();
    compare(model, ((GenericStrategy) resource.strategy()).shape(), "", differences);
    assertThat(differences).isEmpty();
  }

  private static void compare(Type type, Shape shape, String path, List<String> differences) {
    if (EXCEPT.contains(path)) {
      return;
    }
    boolean same =
        switch (shape) {
          case null -> false;
          case Scalar scalar -> scalars(type).contains(scalar);
          case Shape.Array array ->
              element(type, List.class, array.elements(), path + "[]", differences);
          case Shape.Mapping map ->
              element(type, Map.class, map.values(), path + "{}", differences);
          case Shape.Fields fields -> {
            if (!(type instanceof Class<?> model) || !scalars(type).isEmpty()) {
              yield false;
            }
            for (Field field : model.getDeclaredFields()) {
              JsonProperty property = field.getAnnotation(JsonProperty.class);
              if (property != null) {
                compare(
                    field.getGenericType(),
                    fields.fields().get(property.value()),
                    path.isEmpty() ? property.value() : path + "." + property.value(),
                    differences);
              }
            }
            yield true;
          }
        };
    if (!same) {
      differences.add(path + ": " + type.getTypeName() + " is " + shape + " here");
    }
  }

  private static boolean element(
      Type type, Class<?> container, Shape shape, String path, List<String> differences) {
    if (type == FieldsV1.class) {
      return container == Map.class && shape == Scalar.ANY;
    }
    if (!(type instanceof ParameterizedType generic) || generic.getRawType() != container) {
      return false;
    }
    compare(
        generic.getActualTypeArguments()[container == Map.class ? 1 : 0], shape, path, differences);
    return true;
  }

  /** Returns what a type that has no fields may be; empty for one that has. */
  private static Set<Scalar> scalars(Type type) {
    if (type == String.class) {
      return Set.of(Scalar.STRING, Scalar.TIME);
    }
    if (type == MicroTime.class) {
      return Set.of(Scalar.TIME);
    }
    if (type == Integer.class) {
      return Set.of(Scalar.INTEGER);
    }
    if (type == Long.class) {
      return Set.of(Scalar.LONG);
    }
    if (type == Boolean.class) {
      return Set.of(Scalar.BOOLEAN);
    }
    if (type == Quantity.class) {
      return Set.of(Scalar.QUANTITY);
    }
    if (type == IntOrString.class) {
      return Set.of(Scalar.INT_OR_STRING);
    }
    return type == Object.class ? Set.of(Scalar.ANY) : Set.of();
  }
}
