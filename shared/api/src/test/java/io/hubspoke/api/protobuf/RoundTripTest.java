package io.hubspoke.api.protobuf;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Message;
import com.google.protobuf.UnknownFieldSet;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.Struct;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every built-in kind, with a value in every field. */
class RoundTripTest {

  static Stream<Struct> kinds() {
    return Schema.groups().stream()
        .flatMap(group -> group.structs().stream())
        .filter(struct -> struct.isKind() && !struct.numberedFields().isEmpty());
  }

  static Stream<Struct> kindsOfTheOtherClient() {
    return kinds().filter(kind -> OtherClient.has(kind));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void comesBackAsItWas(Struct kind) {
    ObjectNode object = EveryField.of(kind);
    byte[] bytes = Protobuf.encode(object).orElseThrow();
    assertThat(Protobuf.parseObject(bytes)).isEqualTo(object);
  }

  @ParameterizedTest
  @MethodSource("kindsOfTheOtherClient")
  void anotherClientReadsTheSameAndWritesWhatIsReadTheSame(Struct kind) throws Exception {
    ObjectNode object = EveryField.of(kind);
    Message read = OtherClient.parse(kind, Protobuf.encode(kind, object));
    OtherClient.requireSame(object, read, kind.name());

    byte[] written = Protobuf.envelope(kind.group().apiVersion(), kind.name(), read.toByteArray());
    assertThat(Protobuf.parseObject(written)).isEqualTo(object);
  }

  @Test
  void theOtherClientHasMostKinds() {
    assertThat(kinds()).hasSizeGreaterThan(120);
    assertThat(kindsOfTheOtherClient()).hasSizeGreaterThan(90);
  }

  @Test
  void theEnvelopeIsTheOneThatTheOtherClientKnows() throws Exception {
    Struct kind = Schema.lookup("v1", "ConfigMap").orElseThrow();
    byte[] bytes = Protobuf.encode(EveryField.of(kind)).orElseThrow();
    assertThat(bytes).startsWith('k', '8', 's', 0);
    var unknown =
        io.kubernetes.client.proto.Runtime.Unknown.parseFrom(
            java.util.Arrays.copyOfRange(bytes, 4, bytes.length));
    assertThat(unknown.getUnknownFields()).isEqualTo(UnknownFieldSet.getDefaultInstance());
    assertThat(unknown.getTypeMeta().getKind()).isEqualTo("ConfigMap");
    assertThat(unknown.getTypeMeta().getApiVersion()).isEqualTo("v1");
    OtherClient.requireSame(
        EveryField.of(kind), OtherClient.parse(kind, unknown.getRaw().toByteArray()), "ConfigMap");
  }
}
