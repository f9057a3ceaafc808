package io.hubspoke.kubelet.volumes;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.DownwardAPIProjection;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Collects what a projected volume holds: tokens of the pod's service account, bound to the pod,
 * and parts of config maps, secrets and of the pod's own description. Its methods wait, so they run
 * on virtual threads.
 */
final class ProjectedVolume {
  private static final long DEFAULT_TOKEN_SECONDS = 3600;

  /** How much of a token's life it is used for; the rest is time to get the next one. */
  private static final double RENEW_AT = 0.8;

  private static final Duration LONGEST_USE = Duration.ofHours(24);

  /**
   * What was collected.
   *
   * @param renewAt when a token in it should be replaced; {@link Instant#MAX} without one
   */
  record Content(Map<String, byte[]> files, Instant renewAt) {}

  private final ApiClient client;
  private final Pod pod;
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private Instant renewAt = Instant.MAX;

  private ProjectedVolume(ApiClient client, Pod pod) {
    this.client = client;
    this.pod = pod;
  }

  static Content collect(ApiClient client, Pod pod, List<VolumeProjection> sources)
      throws MountException {
    ProjectedVolume volume = new ProjectedVolume(client, pod);
    for (VolumeProjection source : sources) {
      volume.add(source);
    }
    return new Content(volume.files, volume.renewAt);
  }

  private void add(VolumeProjection source) throws MountException {
    if (source.getServiceAccountToken() != null) {
      token(source.getServiceAccountToken());
    } else if (source.getConfigMap() != null) {
      var from = source.getConfigMap();
      ConfigMap map = read(Resource.CONFIG_MAPS, "configmap", from.getName(), from.getOptional());
      if (map != null) {
        Map<String, byte[]> data = new TreeMap<>();
        orEmpty(map.getData()).forEach((key, value) -> data.put(key, value.getBytes(UTF_8)));
        orEmpty(map.getBinaryData())
            .forEach((key, value) -> data.put(key, Base64.getDecoder().decode(value)));
        select("configmap", from.getName(), data, from.getItems(), from.getOptional());
      }
    } else if (source.getSecret() != null) {
      var from = source.getSecret();
      Secret secret = read(Resource.SECRETS, "secret", from.getName(), from.getOptional());
      if (secret != null) {
        Map<String, byte[]> data = new TreeMap<>();
        orEmpty(secret.getData())
            .forEach((key, value) -> data.put(key, Base64.getDecoder().decode(value)));
        select("secret", from.getName(), data, from.getItems(), from.getOptional());
      }
    } else if (source.getDownwardAPI() != null) {
      describe(source.getDownwardAPI());
    } else {
      throw new MountException("this source of a projected volume is not supported");
    }
  }

  private void token(ServiceAccountTokenProjection wanted) throws MountException {
    ObjectMeta metadata = pod.getMetadata();
    String account = pod.getSpec().getServiceAccountName();
    if (account == null || account.isEmpty()) {
      throw new MountException("the pod has no service account to get a token for");
    }
    long seconds =
        wanted.getExpirationSeconds() == null
            ? DEFAULT_TOKEN_SECONDS
            : wanted.getExpirationSeconds();
    ObjectNode request =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenRequest");
    ObjectNode spec = request.putObject("spec").put("expirationSeconds", seconds);
    if (wanted.getAudience() != null && !wanted.getAudience().isEmpty()) {
      spec.putArray("audiences").add(wanted.getAudience());
    }
    spec.putObject("boundObjectRef")
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", metadata.getName())
        .put("uid", metadata.getUid());
    Instant asked = Instant.now();
    ObjectNode answer;
    try {
      answer =
          client
              .post(Resource.SERVICE_ACCOUNTS, metadata.getNamespace(), account, "token", request)
              .await();
    } catch (ApiException e) {
      throw new MountException("failed to fetch token: " + e.getMessage());
    }
    String token = answer.path("status").path("token").asText("");
    if (token.isEmpty()) {
      throw new MountException("failed to fetch token: the apiserver's answer has none");
    }
    files.put(wanted.getPath(), token.getBytes(UTF_8));
    renewBy(asked, answer.path("status").path("expirationTimestamp").asText(""));
  }

  private void renewBy(Instant asked, String expiration) throws MountException {
    try {
      Duration life = Duration.between(asked, Instant.parse(expiration));
      Duration use = Duration.ofMillis((long) (life.toMillis() * RENEW_AT));
      Instant due = asked.plus(use.compareTo(LONGEST_USE) < 0 ? use : LONGEST_USE);
      renewAt = due.isBefore(renewAt) ? due : renewAt;
    } catch (java.time.DateTimeException e) {
      throw new MountException("failed to fetch token: it has no expirationTimestamp");
    }
  }

  private void select(
      String kind, String name, Map<String, byte[]> data, List<KeyToPath> items, Boolean optional)
      throws MountException {
    if (items.isEmpty()) {
      files.putAll(data);
      return;
    }
    for (KeyToPath item : items) {
      byte[] value = data.get(item.getKey());
      if (value != null) {
        files.put(item.getPath(), value);
      } else if (!Boolean.TRUE.equals(optional)) {
        throw new MountException(
            "%s \"%s\" references non-existent key: %s".formatted(kind, name, item.getKey()));
      }
    }
  }

  private void describe(DownwardAPIProjection description) throws MountException {
    for (DownwardAPIVolumeFile file : description.getItems()) {
      if (file.getFieldRef() == null) {
        throw new MountException("resourceFieldRef is not supported in volumes");
      }
      files.put(file.getPath(), field(file.getFieldRef().getFieldPath()).getBytes(UTF_8));
    }
  }

  private String field(String path) throws MountException {
    ObjectMeta metadata = pod.getMetadata();
    int subscript = path.indexOf("['");
    if (subscript > 0 && path.endsWith("']")) {
      String key = path.substring(subscript + 2, path.length() - 2);
      return switch (path.substring(0, subscript)) {
        case "metadata.labels" -> orEmpty(metadata.getLabels()).getOrDefault(key, "");
        case "metadata.annotations" -> orEmpty(metadata.getAnnotations()).getOrDefault(key, "");
        default -> throw new MountException("unsupported fieldPath: " + path);
      };
    }
    return switch (path) {
      case "metadata.name" -> metadata.getName();
      case "metadata.namespace" -> metadata.getNamespace();
      case "metadata.uid" -> metadata.getUid();
      case "metadata.labels" -> lines(orEmpty(metadata.getLabels()));
      case "metadata.annotations" -> lines(orEmpty(metadata.getAnnotations()));
      default -> throw new MountException("unsupported fieldPath: " + path);
    };
  }

  /** Writes a map as the downward API does: sorted, the values quoted. */
  private static String lines(Map<String, String> map) {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(map)
        .forEach(
            (key, value) ->
                text.append(text.isEmpty() ? "" : "\n")
                    .append(key)
                    .append('=')
                    .append(TextNode.valueOf(value)));
    return text.toString();
  }

  private <T> T read(Resource<T> resource, String kind, String name, Boolean optional)
      throws MountException {
    try {
      return client.get(resource, pod.getMetadata().getNamespace(), name).await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw new MountException(e.getMessage());
      }
      if (Boolean.TRUE.equals(optional)) {
        return null;
      }
      throw new MountException(kind + " \"" + name + "\" not found");
    }
  }

  private static Map<String, String> orEmpty(Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
