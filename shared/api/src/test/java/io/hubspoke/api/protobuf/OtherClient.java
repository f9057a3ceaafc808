package io.hubspoke.api.protobuf;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import io.hubspoke.api.Json;
import io.hubspoke.api.schema.Struct;
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
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads and compares messages by the descriptors of the official Java client alone. */
final class OtherClient {
  private static final Map<String, FileDescriptor> FILES =
      Map.ofEntries(
          Map.entry("meta.v1", Meta.getDescriptor()),
          Map.entry("core.v1", V1.getDescriptor()),
          Map.entry("admissionregistration.v1", V1Admissionregistration.getDescriptor()),
          Map.entry("apps.v1", V1Apps.getDescriptor()),
          Map.entry("authentication.v1", V1Authentication.getDescriptor()),
          Map.entry("authorization.v1", V1Authorization.getDescriptor()),
          Map.entry("autoscaling.v1", V1Autoscaling.getDescriptor()),
          Map.entry("batch.v1", V1Batch.getDescriptor()),
          Map.entry("certificates.v1", V1Certificates.getDescriptor()),
          Map.entry("networking.v1", V1Networking.getDescriptor()),
          Map.entry("policy.v1", V1Policy.getDescriptor()),
          Map.entry("rbac.v1", V1Rbac.getDescriptor()),
          Map.entry("scheduling.v1", V1Scheduling.getDescriptor()),
          Map.entry("storage.v1", V1Storage.getDescriptor()));

  /** Messages of structs that Go inlines: in JSON their fields are their parent's. */
  private static final Set<String> INLINED =
      Set.of(
          "volumeSource",
          "persistentVolumeSource",
          "localObjectReference",
          "handler",
          "ephemeralContainerCommon",
          "ruleWithOperations",
          "rule",
          "ingressRuleValue");

  private OtherClient() {}

  static boolean has(Struct kind) {
    return descriptor(kind) != null;
  }

  static Message parse(Struct kind, byte[] raw) throws InvalidProtocolBufferException {
    return DynamicMessage.parseFrom(descriptor(kind), raw);
  }

  private static Descriptor descriptor(Struct kind) {
    FileDescriptor file = FILES.get(kind.group().toString());
    return file == null ? null : file.findMessageTypeByName(kind.name());
  }

  /** Fails unless all that the message's type has of the object is the same in the message. */
  static void requireSame(JsonNode json, MessageOrBuilder message, String path) {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      String at = path + "." + field.getName();
      boolean inlined =
          INLINED.contains(field.getName())
              && !json.has(field.getName())
              && field.getType() == FieldDescriptor.Type.MESSAGE;
      JsonNode value = get(json, field.getName());
      if (inlined) {
        requireSame(json, (Message) message.getField(field), at);
      } else if (value == null) {
        assertThat(
                field.isRepeated()
                    ? message.getRepeatedFieldCount(field) == 0
                    : !message.hasField(field))
            .as("%s is in the message alone", at)
            .isTrue();
      } else if (field.isMapField()) {
        map(value, message, field, at);
      } else if (field.isRepeated()) {
        assertThat(message.getRepeatedFieldCount(field)).as(at).isEqualTo(value.size());
        for (int i = 0; i < value.size(); i++) {
          value(value.get(i), message.getRepeatedField(field, i), at);
        }
      } else {
        assertThat(message.hasField(field)).as(at).isTrue();
        value(value, message.getField(field), at);
      }
    }
  }

  /** A few names have capital letters elsewhere in protobuf. */
  private static JsonNode get(JsonNode json, String name) {
    return json.properties().stream()
        .filter(e -> e.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }

  private static void map(
      JsonNode json, MessageOrBuilder message, FieldDescriptor field, String at) {
    assertThat(message.getRepeatedFieldCount(field)).as(at).isEqualTo(json.size());
    for (Object element : (List<?>) message.getField(field)) {
      Message entry = (Message) element;
      Object key = entry.getField(field.getMessageType().findFieldByName("key"));
      JsonNode expected = json.get((String) key);
      assertThat(expected).as("%s[%s]", at, key).isNotNull();
      value(expected, entry.getField(field.getMessageType().findFieldByName("value")), at);
    }
  }

  private static void value(JsonNode json, Object value, String at) {
    switch (value) {
      case Message message -> message(json, message, at);
      case ByteString bytes ->
          assertThat(bytes.toByteArray())
              .as(at)
              .isEqualTo(Base64.getDecoder().decode(json.asText()));
      case String text -> assertThat(text).as(at).isEqualTo(json.textValue());
      case Boolean bool -> assertThat(bool).as(at).isEqualTo(json.booleanValue());
      case Number number -> assertThat(number.doubleValue()).as(at).isEqualTo(json.doubleValue());
      default -> throw new AssertionError(at + ": " + value.getClass());
    }
  }

  private static void message(JsonNode json, Message message, String at) {
    switch (message.getDescriptorForType().getName()) {
      case "Time", "MicroTime" -> {
        Instant time = Instant.ofEpochSecond(number(message, "seconds"), number(message, "nanos"));
        assertThat(time).as(at).isEqualTo(Instant.parse(json.textValue()));
      }
      case "Quantity" -> assertThat(field(message, "string")).as(at).isEqualTo(json.textValue());
      case "IntOrString" -> {
        if (number(message, "type") == 1) {
          assertThat(field(message, "strVal")).as(at).isEqualTo(json.textValue());
        } else {
          assertThat(number(message, "intVal")).as(at).isEqualTo(json.longValue());
        }
      }
      case "RawExtension" -> raw(json, field(message, "raw"), at);
      case "FieldsV1" -> raw(json, field(message, "Raw"), at);
      case "Verbs", "ExtraValue" -> {
        List<?> items = (List<?>) field(message, "items");
        assertThat(items).as(at).hasSize(json.size());
        for (int i = 0; i < items.size(); i++) {
          assertThat(items.get(i)).as(at).isEqualTo(json.get(i).textValue());
        }
      }
      default -> requireSame(json, message, at);
    }
  }

  private static void raw(JsonNode json, Object bytes, String at) {
    assertThat(Json.parse(((ByteString) bytes).toByteArray())).as(at).isEqualTo(json);
  }

  private static Object field(Message message, String name) {
    return message.getField(message.getDescriptorForType().findFieldByName(name));
  }

  private static long number(Message message, String name) {
    return ((Number) field(message, name)).longValue();
  }
}
