package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Sandbox;
import io.hubspoke.kubelet.volumes.DownwardApi;
import io.hubspoke.kubelet.volumes.PodObjects;
import io.hubspoke.kubelet.volumes.VariableExpansion;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

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
  private final PodObjects objects;
  private final Map<String, String> services;
  private final DownwardApi description;
  private final Pod pod;
  private final Sandbox sandbox;

  /**
   * Makes one.
   *
   * @param services what is told of services
   */
  ContainerEnvironment(
      KubeletOptions options,
      PodObjects objects,
      Map<String, String> services,
      DownwardApi description,
      Pod pod,
      Sandbox sandbox) {
    this.options = options;
    this.objects = objects;
    this.services = services;
    this.description = description;
    this.pod = pod;
    this.sandbox = sandbox;
  }

  /**
   * Returns the variables; of one name, the last of {@code env} holds, and what the container says
   * itself before what is told of services.
   */
  Map<String, String> of(Container container) throws ConfigException {
    Map<String, String> env = new LinkedHashMap<>(services);
    for (EnvFromSource source : container.getEnvFrom()) {
      String prefix = source.getPrefix() == null ? "" : source.getPrefix();
      all(source).forEach((key, value) -> env.put(prefix + key, value));
    }
    for (EnvVar variable : container.getEnv()) {
      String value = value(variable, container, env);
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
  private String value(EnvVar variable, Container container, Map<String, String> known)
      throws ConfigException {
    EnvVarSource from = variable.getValueFrom();
    if (from == null) {
      return variable.getValue() == null
          ? ""
          : VariableExpansion.expand(variable.getValue(), known::get);
    }
    if (from.getFieldRef() != null) {
      return field(from.getFieldRef().getFieldPath());
    }
    if (from.getResourceFieldRef() != null) {
      try {
        return description.resource(pod, from.getResourceFieldRef(), container);
      } catch (IllegalArgumentException e) {
        throw new ConfigException(e.getMessage());
      }
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
    throw new ConfigException("env " + variable.getName() + ": this source is not supported");
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
    Secret secret = found("secret", name, optional, objects::secret);
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
    ConfigMap map = found("configmap", name, optional, objects::configMap);
    return map == null ? null : map.getData() == null ? Map.of() : map.getData();
  }

  private interface Read<T> {
    Optional<T> of(String name) throws PodObjects.UnavailableException;
  }

  private static <T> T found(String kind, String name, Boolean optional, Read<T> read)
      throws ConfigException {
    Optional<T> found;
    try {
      found = read.of(name);
    } catch (PodObjects.UnavailableException e) {
      throw new ConfigException(e.getMessage());
    }
    if (found.isEmpty() && !Boolean.TRUE.equals(optional)) {
      throw new ConfigException(kind + " \"" + name + "\" not found");
    }
    return found.orElse(null);
  }

  private String field(String path) throws ConfigException {
    return switch (path) {
      case "metadata.labels", "metadata.annotations" -> throw unsupported(path);
      case "spec.nodeName" -> options.nodeName();
      case "spec.serviceAccountName" ->
          pod.getSpec().getServiceAccountName() == null
              ? ""
              : pod.getSpec().getServiceAccountName();
      case "status.podIP", "status.podIPs" -> sandbox.ip();
      case "status.hostIP", "status.hostIPs" -> options.nodeIp();
      default -> DownwardApi.metadata(pod, path).orElseThrow(() -> unsupported(path));
    };
  }

  private static ConfigException unsupported(String path) {
    return new ConfigException("unsupported fieldPath: " + path);
  }

  private String namespace() {
    return pod.getMetadata().getNamespace();
  }
}
