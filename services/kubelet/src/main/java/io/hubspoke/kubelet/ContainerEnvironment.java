package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Works out the environment variables of a container, reading the secrets and config maps that it
 * names. Its methods wait, so they run on virtual threads.
 */
final class ContainerEnvironment {
  /** The container can't be made as it is wanted; tried again later. */
  static final class ConfigException extends Exception {
    ConfigException(String message) {
      super(message);
    }
  }

  private final KubeletOptions options;
  private final ApiClient client;
  private final Pod pod;
  private final Sandbox sandbox;

  ContainerEnvironment(KubeletOptions options, ApiClient client, Pod pod, Sandbox sandbox) {
    this.options = options;
    this.client = client;
    this.pod = pod;
    this.sandbox = sandbox;
  }

  /** Returns the variables; of one name, the last of {@code env} holds. */
  Map<String, String> of(Container container) throws ConfigException {
    Map<String, String> env = new LinkedHashMap<>();
    for (EnvFromSource source : container.getEnvFrom()) {
      String prefix = source.getPrefix() == null ? "" : source.getPrefix();
      all(source).forEach((key, value) -> env.put(prefix + key, value));
    }
    for (EnvVar variable : container.getEnv()) {
      String value = value(variable);
      if (value != null) {
        env.put(variable.getName(), value);
      }
    }
    return env;
  }

  private Map<String, String> all(EnvFromSource source) throws ConfigException {
    if (source.getSecretRef() != null) {
      var ref = source.getSecretRef();
      return orNone(secret(ref.getName(), ref.getOptional()));
    }
    var ref = source.getConfigMapRef();
    return orNone(configMap(ref.getName(), ref.getOptional()));
  }

  private static Map<String, String> orNone(Map<String, String> data) {
    return data == null ? Map.of() : data;
  }

  /** Returns the value, or null when what is named is missing and may be. */
  private String value(EnvVar variable) throws ConfigException {
    EnvVarSource from = variable.getValueFrom();
    if (from == null) {
      return variable.getValue() == null ? "" : variable.getValue();
    }
    if (from.getFieldRef() != null) {
      return field(from.getFieldRef().getFieldPath());
    }
    if (from.getSecretKeyRef() != null) {
      var ref = from.getSecretKeyRef();
      return key(
          secret(ref.getName(), ref.getOptional()),
          ref.getKey(),
          ref.getOptional(),
          "Secret",
          ref.getName());
    }
    if (from.getConfigMapKeyRef() != null) {
      var ref = from.getConfigMapKeyRef();
      return key(
          configMap(ref.getName(), ref.getOptional()),
          ref.getKey(),
          ref.getOptional(),
          "ConfigMap",
          ref.getName());
    }
    throw new ConfigException(
        "env "
            + variable.getName()
            + ": "
            + (from.getResourceFieldRef() == null ? "this source is" : "resourceFieldRef is")
            + " not supported by this runtime");
  }

  private String key(
      Map<String, String> data, String key, Boolean optional, String kind, String name)
      throws ConfigException {
    String value = data == null ? null : data.get(key);
    if (value == null && !Boolean.TRUE.equals(optional)) {
      throw new ConfigException(
          "couldn't find key " + key + " in " + kind + " " + namespace() + "/" + name);
    }
    return value;
  }

  /** Returns a secret's values as text, or null when it is missing and may be. */
  private Map<String, String> secret(String name, Boolean optional) throws ConfigException {
    Secret secret = read(Resource.SECRETS, "secret", name, optional);
    if (secret == null || secret.getData() == null) {
      return secret == null ? null : Map.of();
    }
    Map<String, String> data = new LinkedHashMap<>();
    secret
        .getData()
        .forEach(
            (key, value) ->
                data.put(
                    key, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
    return data;
  }

  private Map<String, String> configMap(String name, Boolean optional) throws ConfigException {
    ConfigMap map = read(Resource.CONFIG_MAPS, "configmap", name, optional);
    return map == null ? null : map.getData() == null ? Map.of() : map.getData();
  }

  private <T> T read(Resource<T> resource, String kind, String name, Boolean optional)
      throws ConfigException {
    try {
      return client.get(resource, namespace(), name).await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw new ConfigException(e.getMessage());
      }
      if (Boolean.TRUE.equals(optional)) {
        return null;
      }
      throw new ConfigException(kind + " \"" + name + "\" not found");
    }
  }

  private String field(String path) throws ConfigException {
    var metadata = pod.getMetadata();
    String subscript = subscript(path);
    return switch (subscript == null ? path : path.substring(0, path.indexOf('['))) {
      case "metadata.name" -> metadata.getName();
      case "metadata.namespace" -> metadata.getNamespace();
      case "metadata.uid" -> metadata.getUid();
      case "metadata.labels" -> subscripted(metadata.getLabels(), subscript, path);
      case "metadata.annotations" -> subscripted(metadata.getAnnotations(), subscript, path);
      case "spec.nodeName" -> options.nodeName();
      case "spec.serviceAccountName" ->
          pod.getSpec().getServiceAccountName() == null
              ? ""
              : pod.getSpec().getServiceAccountName();
      case "status.podIP", "status.podIPs" -> sandbox.ip();
      case "status.hostIP", "status.hostIPs" -> options.nodeIp();
      default -> throw unsupported(path);
    };
  }

  private static String subscript(String path) {
    return path.endsWith("']") && path.contains("['")
        ? path.substring(path.indexOf("['") + 2, path.length() - 2)
        : null;
  }

  private static String subscripted(Map<String, String> values, String key, String path)
      throws ConfigException {
    if (key == null) {
      throw unsupported(path);
    }
    return values == null ? "" : values.getOrDefault(key, "");
  }

  private static ConfigException unsupported(String path) {
    return new ConfigException("unsupported fieldPath: " + path);
  }

  private String namespace() {
    return pod.getMetadata().getNamespace();
  }
}
