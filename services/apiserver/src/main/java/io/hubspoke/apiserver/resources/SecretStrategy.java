package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Secrets: keyed bytes of a type that never changes; {@code stringData} is folded into them. */
final class SecretStrategy extends GenericStrategy {
  /** The keys that the data of a secret type must have. */
  private static final Map<String, List<String>> REQUIRED_KEYS =
      Map.of(
          "kubernetes.io/tls", List.of("tls.crt", "tls.key"),
          "kubernetes.io/dockerconfigjson", List.of(".dockerconfigjson"),
          "kubernetes.io/dockercfg", List.of(".dockercfg"),
          "kubernetes.io/ssh-auth", List.of("ssh-privatekey"));

  SecretStrategy() {
    super(true, false, Map.of("type", at("type")));
  }

  @Override
  void applyDefaults(ObjectNode secret) {
    setDefault(secret, "type", "Opaque");
    if (secret.remove("stringData") instanceof ObjectNode text && !text.isEmpty()) {
      ObjectNode data = object(secret, "data");
      for (var entry : text.properties()) {
        byte[] bytes = entry.getValue().asText().getBytes(StandardCharsets.UTF_8);
        data.put(entry.getKey(), Base64.getEncoder().encodeToString(bytes));
      }
    }
  }

  @Override
  void validate(ObjectNode secret, FieldErrors errors) {
    long bytes = 0;
    for (var entry : secret.path("data").properties()) {
      String path = "data[" + entry.getKey() + "]";
      errors.invalid(path, entry.getKey(), Names.configMapKey(entry.getKey()));
      bytes += entry.getValue().asText().length() * 3L / 4;
    }
    if (bytes > ConfigMapStrategy.MAX_BYTES) {
      errors.tooLong("data", ConfigMapStrategy.MAX_BYTES);
    }
    String type = secret.path("type").asText();
    for (String key : REQUIRED_KEYS.getOrDefault(type, List.of())) {
      if (!secret.path("data").has(key)) {
        errors.required("data[" + key + "]", "");
      }
    }
    if (type.equals("kubernetes.io/basic-auth")
        && !secret.path("data").has("username")
        && !secret.path("data").has("password")) {
      errors.required("data[username]", "");
      errors.required("data[password]", "");
    }
    if (type.equals("kubernetes.io/service-account-token")
        && secret
            .path("metadata")
            .path("annotations")
            .path("kubernetes.io/service-account.name")
            .asText("")
            .isEmpty()) {
      errors.required("metadata.annotations[kubernetes.io/service-account.name]", "");
    }
  }

  @Override
  void validateUpdate(ObjectNode secret, ObjectNode old, String subresource, FieldErrors errors) {
    if (!secret.path("type").equals(old.path("type"))) {
      errors.invalid("type", secret.path("type"), "field is immutable");
    }
    ConfigMapStrategy.frozen(secret, old, List.of("data"), errors);
    validate(secret, errors);
  }
}
