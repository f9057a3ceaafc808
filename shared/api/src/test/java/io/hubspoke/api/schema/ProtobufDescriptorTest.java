package io.hubspoke.api.schema;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.hubspoke.api.schema.Field.Container;
import io.kubernetes.client.proto.Meta;
import io.kubernetes.client.proto.V1;
import io.kubernetes.client.proto.V1Admissionregistration;
import io.kubernetes.client.proto.V1Apps;
import io.kubernetes.client.proto.V1Authentication;
import io.kubernetes.client.proto.V1Authorization;
import io.kubernetes.client.proto.V1Autoscaling;
import io.kubernetes.client.proto.V1Batch;
import io.kubernetes.client.proto.V1Certificates;
import io.kubernetes.client.proto.V1Networking;
import io.kubernetes.client.proto.V1Policy;
import io.kubernetes.client.proto.V1Rbac;
import io.kubernetes.client.proto.V1Scheduling;
import io.kubernetes.client.proto.V1Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The numbers and types of fields are those that another client of Kubernetes uses. */
class ProtobufDescriptorTest {
  /** Types of an older Kubernetes that are gone, and those that are scalars here. */
  private static final Set<String> EXCEPT =
      Set.of(
          "Time", "MicroTime", "Timestamp", "Duration", "FieldsV1", "Verbs", "ExtraValue", "List");

  private static final Map<Scalar, String> SCALARS =
      Map.ofEntries(
          Map.entry(Scalar.STRING, "STRING"),
          Map.entry(Scalar.BOOL, "BOOL"),
          Map.entry(Scalar.INT32, "INT32"),
          Map.entry(Scalar.INT64, "INT64"),
          Map.entry(Scalar.DOUBLE, "DOUBLE"),
          Map.entry(Scalar.BYTES, "BYTES"),
          Map.entry(Scalar.TIME, "Time"),
          Map.entry(Scalar.MICRO_TIME, "MicroTime"),
          Map.entry(Scalar.QUANTITY, "Quantity"),
          Map.entry(Scalar.INT_OR_STRING, "IntOrString"),
          Map.entry(Scalar.RAW_EXTENSION, "RawExtension"),
          Map.entry(Scalar.FIELDS_V1, "FieldsV1"),
          Map.entry(Scalar.JSON, "JSON"));

  static Stream<Arguments> groups() {
    return Stream.of(
        Arguments.of("meta.v1", Meta.getDescriptor()),
        Arguments.of("core.v1", V1.getDescriptor()),
        Arguments.of("admissionregistration.v1", V1Admissionregistration.getDescriptor()),
        Arguments.of("apps.v1", V1Apps.getDescriptor()),
        Arguments.of("authentication.v1", V1Authentication.getDescriptor()),
        Arguments.of("authorization.v1", V1Authorization.getDescriptor()),
        Arguments.of("autoscaling.v1", V1Autoscaling.getDescriptor()),
        Arguments.of("batch.v1", V1Batch.getDescriptor()),
        Arguments.of("certificates.v1", V1Certificates.getDescriptor()),
        Arguments.of("networking.v1", V1Networking.getDescriptor()),
        Arguments.of("policy.v1", V1Policy.getDescriptor()),
        Arguments.of("rbac.v1", V1Rbac.getDescriptor()),
        Arguments.of("scheduling.v1", V1Scheduling.getDescriptor()),
        Arguments.of("storage.v1", V1Storage.getDescriptor()));
  }

  @ParameterizedTest
  @MethodSource("groups")
  void everyFieldThatBothHaveIsTheSame(String name, FileDescriptor file) {
    TypeGroup group = Schema.named(name);
    List<String> differences = new ArrayList<>();
    int compared = 0;
    for (Struct struct : group.structs()) {
      Descriptor message = file.findMessageTypeByName(struct.name());
      for (Field field : message == null ? List.<Field>of() : struct.declaredFields()) {
        FieldDescriptor other = message.findFieldByNumber(field.number());
        if (other != null) {
          compared++;
          if (!same(field, other)) {
            differences.add(struct + " " + field + " is " + other.toProto());
          }
        }
      }
    }
    assertThat(differences).isEmpty();
    assertThat(compared).isPositive();
  }

  @ParameterizedTest
  @MethodSource("groups")
  void whatTheOtherHasUnderANameIsHereUnderItsNumber(String name, FileDescriptor file) {
    TypeGroup group = Schema.named(name);
    List<String> differences = new ArrayList<>();
    for (Descriptor message : file.getMessageTypes()) {
      Struct struct = EXCEPT.contains(message.getName()) ? null : group.struct(message.getName());
      for (FieldDescriptor other :
          struct == null ? List.<FieldDescriptor>of() : message.getFields()) {
        boolean known =
            struct.declaredFields().stream()
                .anyMatch(f -> f.name().equals(other.getName()) && f.number() != other.getNumber());
        if (known) {
          differences.add(struct + "." + other.getName() + " has number " + other.getNumber());
        }
      }
    }
    assertThat(differences).isEmpty();
  }

  private static boolean same(Field field, FieldDescriptor other) {
    boolean names =
        field
            .name()
            .replaceAll("[$-]", "")
            .toLowerCase(Locale.ROOT)
            .equals(other.getName().toLowerCase(Locale.ROOT));
    boolean container =
        switch (field.container()) {
          case MAP -> other.isMapField();
          case LIST -> other.isRepeated() && !other.isMapField();
          case SINGLE -> !other.isRepeated();
        };
    FieldDescriptor value =
        field.container() == Container.MAP && other.isMapField()
            ? other.getMessageType().findFieldByName("value")
            : other;
    return names && container && type(field.type(), value);
  }

  private static boolean type(Type type, FieldDescriptor other) {
    String theirs =
        other.getType() == FieldDescriptor.Type.MESSAGE
            ? other.getMessageType().getName()
            : other.getType().name();
    return switch (type) {
      case Struct struct -> theirs.equals(struct.name());
      case Scalar scalar when scalar == Scalar.STRING_LIST ->
          theirs.equals("Verbs") || theirs.equals("ExtraValue");
      case Scalar scalar -> theirs.equals(SCALARS.get(scalar));
    };
  }
}
