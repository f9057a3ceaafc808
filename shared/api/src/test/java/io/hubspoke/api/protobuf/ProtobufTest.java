package io.hubspoke.api.protobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
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
    refuses(envelope("example.org/v1", "Foo", new byte[0]), "no kind \"Foo\" is registered");
    refuses(envelope("v1", "Container", new byte[0]), "no kind \"Container\" is registered");
  }

  @Test
  void refusesWhatAFieldCannotHold() {
    byte[] notUtf8 = {(byte) 0xc3, 0x28};
    refuses(pod(field(1, field(1, notUtf8))), "a string is not valid UTF-8");
    refuses(pod(new byte[] {1 << 3, 5}), "wrong wireType = 0 for field metadata");
    refuses(pod(field(2, field(4, "x"))), "wrong wireType = 2 for field terminationGracePeriod");
    refuses(pod(new byte[] {0, 0}), "illegal tag 0");
    refuses(pod(new byte[] {1 << 3 | 3, 0}), "wrong wireType = 3");
    refuses(pod(new byte[] {100, 0}), "illegal wire type 4");
    byte[] endless = new byte[11];
    Arrays.fill(endless, (byte) 0xff);
    refuses(pod(endless), "integer overflow");
    byte[] early = join(new byte[] {1 << 3}, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, 63});
    refuses(pod(field(1, field(8, early))), "a time is out of range");
    refuses(envelope("apps/v1", "ControllerRevision", field(2, field(1, "{"))), "malformed JSON");
  }

  @Test
  void boundsHowDeepAndHowManyValuesThereAre() {
    byte[] schema = new byte[0];
    for (int i = 0; i < 300; i++) {
      // not, the schema of what is refused
      schema = field(28, schema);
    }
    byte[] crd = field(2, field(7, field(4, field(1, schema))));
    refuses(
        envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd), "nested deeper than");

    byte[] many = new byte[2 * 400_000];
    for (int i = 0; i < many.length; i += 2) {
      many[i] = 2 << 3 | 2;
    }
    refuses(pod(field(2, many)), "more than 300000 values");
  }

  @Test
  void readsPackedNumbersAndMergesMessagesThatComeTwice() {
    byte[] security = {4 << 3 | 2, 3, 1, 2, 3};
    byte[] spec = field(2, join(field(14, security), field(3, "Always"), field(3, "Never")));
    ObjectNode read =
        Protobuf.parseObject(pod(join(spec, field(2, field(10, "node")), field(2, field(3, "")))));
    assertThat(read.path("spec"))
        .hasToString(
            "{\"securityContext\":{\"supplementalGroups\":[1,2,3]},\"nodeName\":\"node\"}");
  }

  @Test
  void leavesOutWhatItCannotSay() {
    ObjectNode pod =
        Json.parseObject(
            """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","deletionTimestamp":"noon"},
            "spec":{"foo":1,"nodeName":5,"containers":{"a":1},"volumes":["x"],
            "priority":1000000000000000000000},"status":[]}
            """
                .getBytes(StandardCharsets.UTF_8));
    assertThat(Protobuf.parseObject(Protobuf.encode(pod).orElseThrow()))
        .hasToString(
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},"
                + "\"spec\":{}}");
    pod.put("kind", "Foo");
    assertThat(Protobuf.encode(pod)).isEmpty();
  }

  @Test
  void emptyValuesStayWhereTheyMeanSomething() {
    String json =
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"volumes\":[{\"name\":\"\","
            + "\"emptyDir\":{}}],\"containers\":[{\"name\":\"c\",\"env\":[{\"name\":\"E\"}]}],"
            + "\"terminationGracePeriodSeconds\":0,\"automountServiceAccountToken\":false}}";
    ObjectNode pod = Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
    assertThat(Protobuf.parseObject(Protobuf.encode(pod).orElseThrow())).isEqualTo(pod);
  }

  @Test
  void schemasThatMayBeOfSeveralFormsKeepTheirs() {
    String json =
        """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","spec":{
        "group":"g","names":{"plural":"p","kind":"K"},"scope":"Cluster","versions":[{"name":"v1",
        "served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{
        "additionalProperties":%s,"items":%s,"dependencies":{"a":%s},"default":%s,
        "maximum":1.5,"x-kubernetes-preserve-unknown-fields":false}}}]}}
        """;
    for (String form :
        new String[] {
          json.formatted("true", "[{\"type\":\"a\"}]", "[\"x\"]", "{\"a\":null}"),
          json.formatted("false", "{\"type\":\"a\"}", "{\"type\":\"b\"}", "7"),
          json.formatted("{\"type\":\"a\"}", "{}", "{}", "[\"a\",1.5]")
        }) {
      ObjectNode crd = Json.parseObject(form.getBytes(StandardCharsets.UTF_8));
      assertThat(Protobuf.parseObject(Protobuf.encode(crd).orElseThrow())).isEqualTo(crd);
    }
  }

  @Test
  void framesAWatchEvent() {
    ObjectNode pod = Json.object().put("kind", "Pod").put("apiVersion", "v1");
    byte[] enveloped = Protobuf.encode(pod).orElseThrow();
    byte[] frame = Protobuf.frame("ADDED", enveloped);
    assertThat(frame).startsWith(0, 0, 0, frame.length - 4);
    assertThat(frame).endsWith(join(field(1, "ADDED"), field(2, field(1, enveloped))));
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

  private static void refuses(byte[] body, String why) {
    assertThatThrownBy(() -> Protobuf.parseObject(body))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400))
        .hasMessageContaining(why);
  }

  private static byte[] pod(byte[] raw) {
    return envelope("v1", "Pod", raw);
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
    int length = value.length;
    for (; length > 127; length >>>= 7) {
      out.write((length & 0x7f) | 0x80);
    }
    out.write(length);
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
