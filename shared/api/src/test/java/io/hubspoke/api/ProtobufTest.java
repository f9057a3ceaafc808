package io.hubspoke.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProtobufTest {

  @Test
  void readsAnObjectInItsEnvelope() {
    byte[] entry = join(field(1, "k"), field(2, "v"));
    byte[] metadata = join(field(1, "c"), field(2, ""), field(11, entry), field(8, new byte[0]));
    byte[] raw = join(field(1, metadata), field(2, entry), field(99, "unknown"));

    assertThat(Protobuf.parseObject(envelope("v1", "ConfigMap", raw)))
        .hasToString(
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\","
                + "\"labels\":{\"k\":\"v\"}},\"data\":{\"k\":\"v\"}}");
  }

  @Test
  void keepsEmptyElementsOfLists() {
    byte[] rule = join(field(1, "get"), field(2, ""), field(3, "pods"));

    assertThat(
            Protobuf.parseObject(envelope("rbac.authorization.k8s.io/v1", "Role", field(2, rule)))
                .path("rules"))
        .hasToString("[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]");
  }

  @Test
  void readsDeleteOptionsOfAnyGroupAndWhatEvictionsHoldOfThem() {
    byte[] preconditions = join(field(1, "u"), field(2, "7"));
    byte[] options =
        join(
            new byte[] {1 << 3, 0},
            field(2, preconditions),
            field(4, "Background"),
            field(5, "All"));
    String json =
        "\"gracePeriodSeconds\":0,\"preconditions\":{\"uid\":\"u\",\"resourceVersion\":\"7\"},"
            + "\"propagationPolicy\":\"Background\",\"dryRun\":[\"All\"]}";
    for (String version : new String[] {"v1", "apps/v1"}) {
      assertThat(Protobuf.parseObject(envelope(version, "DeleteOptions", options)))
          .hasToString("{\"apiVersion\":\"" + version + "\",\"kind\":\"DeleteOptions\"," + json);
    }
    assertThat(
            Protobuf.parseObject(envelope("policy/v1", "Eviction", field(2, options)))
                .path("deleteOptions"))
        .hasToString("{" + json);
  }

  @Test
  void refusesAKindThatItDoesNotKnow() {
    assertThatThrownBy(() -> Protobuf.parseObject(envelope("v1", "Pod", new byte[0])))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(415));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{}", "k8s", "k8s\0\n", "k8s\0\n\u007f", "k8s\0\u000f", "k8s\0\u0008\1"})
  void refusesMalformedBodies(String body) {
    assertThatThrownBy(() -> Protobuf.parseObject(body.getBytes(StandardCharsets.ISO_8859_1)))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400));
  }

  @Test
  void everyCutOfABodyIsAnAnswerAndNoFailure() {
    byte[] raw = field(1, join(field(1, "c"), field(11, join(field(1, "k"), field(2, "v")))));
    byte[] body = envelope("v1", "ConfigMap", raw);
    int readable = 0;
    for (int length = 0; length < body.length; length++) {
      byte[] cut = Arrays.copyOf(body, length);
      Throwable thrown = catchThrowable(() -> Protobuf.parseObject(cut));
      if (thrown == null) {
        readable++;
      } else {
        assertThat(thrown).isInstanceOf(ApiException.class);
      }
    }
    // Cut between its two fields, the envelope is whole, of an empty object.
    assertThat(readable).isEqualTo(1);
  }

  private static byte[] envelope(String apiVersion, String kind, byte[] raw) {
    byte[] type = join(field(1, apiVersion), field(2, kind));
    return join("k8s\0".getBytes(StandardCharsets.ISO_8859_1), field(1, type), field(2, raw));
  }

  private static byte[] field(int number, String text) {
    return field(number, text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] field(int number, byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int key = (number << 3) | 2;
    if (key > 127) {
      out.write((key & 0x7f) | 0x80);
      out.write(key >> 7);
    } else {
      out.write(key);
    }
    out.write(value.length);
    out.writeBytes(value);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
