package io.hubspoke.api.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.schema.Field.Container;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SchemaTest {

  @Test
  void everyTypeOfEveryFieldIsKnown() {
    for (TypeGroup group : Schema.groups()) {
      assertThat(group.structs()).isNotEmpty();
      for (Struct struct : group.structs()) {
        Set<Integer> numbers = new HashSet<>();
        for (Field field : struct.declaredFields()) {
          assertThat(field.type()).isNotNull();
          assertThat(field.number() == 0 || numbers.add(field.number()))
              .as("%s.%s has a number of its own", struct, field.name())
              .isTrue();
        }
      }
    }
  }

  @Test
  void findsKindsByVersionAndName() {
    assertThat(Schema.lookup("apps/v1", "Deployment")).isPresent();
    assertThat(Schema.lookup("v1", "PodList")).isPresent();
    assertThat(Schema.lookup("policy/v1", "DeleteOptions"))
        .contains(Schema.META.struct("DeleteOptions"));
    assertThat(Schema.lookup("v1", "Status")).isPresent();
    assertThat(Schema.lookup("meta.k8s.io/v1", "PartialObjectMetadataList")).isPresent();
    assertThat(Schema.lookup("v1", "Container")).as("no kind").isEmpty();
    assertThat(Schema.lookup("example.org/v1", "Pod")).isEmpty();
  }

  @Test
  void everyListHoldsItsKind() {
    for (TypeGroup group : Schema.groups()) {
      for (Struct struct : group.structs()) {
        if (struct.isKind() && struct.name().endsWith("List") && struct.field("items") != null) {
          Field items = struct.field("items");
          assertThat(items.container()).isEqualTo(Container.LIST);
          assertThat(items.number()).isEqualTo(2);
          assertThat(struct.field("metadata").number()).isEqualTo(1);
        }
      }
    }
  }

  @Test
  void inlinedStructsAreFieldsOfTheirParentInJson() {
    Struct volume = Schema.named("core.v1").struct("Volume");
    assertThat(volume.field("hostPath").type()).hasToString("core.v1.HostPathVolumeSource");
    assertThat(volume.field("volumeSource")).isNull();
    assertThat(volume.field(2).inlined()).isTrue();
    Struct ephemeral = Schema.named("core.v1").struct("EphemeralContainer");
    assertThat(ephemeral.jsonFields()).containsKeys("image", "targetContainerName");
  }

  @Test
  void listsSayHowTheyMerge() {
    Struct spec = Schema.named("core.v1").struct("PodSpec");
    assertThat(spec.field("containers").merging().mergeKey()).isEqualTo("name");
    assertThat(spec.field("containers").required()).isTrue();
    assertThat(spec.field("volumes").merging().retainKeys()).isTrue();
    assertThat(spec.field("tolerations").merging().mergeable()).isFalse();
    assertThat(spec.field("dnsPolicy").enumValues()).contains("ClusterFirst");
    assertThat(Schema.named("core.v1").struct("Container").field("ports").merging().listMapKeys())
        .containsExactly("containerPort", "protocol");
  }
}
