package io.hubspoke.kubelet.volumes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Collects what a volume holds that is made of API objects: parts of config maps and secrets, the
 * pod's own description, and tokens of its service account. Its methods wait, so they run on
 * virtual threads.
 */
final class VolumeFiles {
  private static final int DEFAULT_MODE = 0644;

  /**
   * What was collected.
   *
   * @param renewAt when a token in it should be replaced; {@link Instant#MAX} without one
   */
  record Content(Map<String, VolumeFile> files, Instant renewAt) {

    /** Returns a text that is another one when anything in it is. */
    String digest() {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        new TreeMap<>(files)
            .forEach(
                (path, file) -> {
                  String head = path + "\0" + file.mode() + "\0" + file.content().length + "\0";
                  digest.update(head.getBytes(UTF_8));
                  digest.update(file.content());
                });
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private final PodObjects objects;
  private final ServiceAccountTokens tokens;
  private final DownwardApi description;
  private final Pod pod;
  private final VolumeOwner owner;
  private final Map<String, VolumeFile> files = new LinkedHashMap<>();
  private Instant renewAt = Instant.MAX;
  private int defaultMode = DEFAULT_MODE;

  VolumeFiles(
      PodObjects objects,
      ServiceAccountTokens tokens,
      DownwardApi description,
      Pod pod,
      VolumeOwner owner) {
    this.objects = objects;
    this.tokens = tokens;
    this.description = description;
    this.pod = pod;
    this.owner = owner;
  }

  /** Collects the files of a volume of one of the types {@code configMap} to {@code projected}. */
  Content collect(Volume volume) throws MountException {
    if (volume.getConfigMap() != null) {
      var source = volume.getConfigMap();
      mode(source.getDefaultMode());
      configMap(source.getName(), source.getItems(), source.getOptional());
    } else if (volume.getSecret() != null) {
      var source = volume.getSecret();
      mode(source.getDefaultMode());
      secret(source.getSecretName(), source.getItems(), source.getOptional());
    } else if (volume.getDownwardAPI() != null) {
      mode(volume.getDownwardAPI().getDefaultMode());
      describe(volume.getDownwardAPI().getItems());
    } else {
      mode(volume.getProjected().getDefaultMode());
      for (VolumeProjection source : volume.getProjected().getSources()) {
        add(source);
      }
    }
    return new Content(files, renewAt);
  }

  private void mode(Integer mode) {
    defaultMode = mode == null ? DEFAULT_MODE : mode;
  }

  private void add(VolumeProjection source) throws MountException {
    if (source.getServiceAccountToken() != null) {
      var projection = source.getServiceAccountToken();
      ServiceAccountTokens.Token token = tokens.get(pod, projection);
      files.put(
          projection.getPath(),
          new VolumeFile(
              token.value().getBytes(UTF_8), owner.tokenMode(defaultMode), owner.user()));
      renewAt = token.renewAt().isBefore(renewAt) ? token.renewAt() : renewAt;
    } else if (source.getConfigMap() != null) {
      var from = source.getConfigMap();
      configMap(from.getName(), from.getItems(), from.getOptional());
    } else if (source.getSecret() != null) {
      var from = source.getSecret();
      secret(from.getName(), from.getItems(), from.getOptional());
    } else if (source.getDownwardAPI() != null) {
      describe(source.getDownwardAPI().getItems());
    } else {
      throw new MountException("this source of a projected volume is not supported");
    }
  }

  private void configMap(String name, List<KeyToPath> items, Boolean optional)
      throws MountException {
    Optional<ConfigMap> found;
    try {
      found = objects.configMap(name);
    } catch (PodObjects.UnavailableException e) {
      throw new MountException(e.getMessage());
    }
    Map<String, byte[]> data = new TreeMap<>();
    found.ifPresent(
        map -> {
          orNone(map.getData()).forEach((key, value) -> data.put(key, value.getBytes(UTF_8)));
          orNone(map.getBinaryData()).forEach((key, value) -> data.put(key, decode(value)));
        });
    select("configmap", "config", name, found.isPresent() ? data : null, items, optional);
  }

  private void secret(String name, List<KeyToPath> items, Boolean optional) throws MountException {
    Optional<Secret> found;
    try {
      found = objects.secret(name);
    } catch (PodObjects.UnavailableException e) {
      throw new MountException(e.getMessage());
    }
    Map<String, byte[]> data = new TreeMap<>();
    found.ifPresent(
        secret -> orNone(secret.getData()).forEach((key, value) -> data.put(key, decode(value))));
    select("secret", "secret", name, found.isPresent() ? data : null, items, optional);
  }

  private static byte[] decode(String base64) {
    return Base64.getDecoder().decode(base64);
  }

  /**
   * Takes the keys that are asked for, or all.
   *
   * @param data null when there is no such object
   */
  private void select(
      String kind,
      String keyKind,
      String name,
      Map<String, byte[]> data,
      List<KeyToPath> items,
      Boolean optional)
      throws MountException {
    boolean missing = Boolean.TRUE.equals(optional);
    if (data == null) {
      if (missing) {
        return;
      }
      throw new MountException(kind + " \"" + name + "\" not found");
    }
    if (items.isEmpty()) {
      data.forEach((key, value) -> files.put(key, new VolumeFile(value, defaultMode, -1)));
      return;
    }
    for (KeyToPath item : items) {
      byte[] value = data.get(item.getKey());
      if (value != null) {
        int mode = item.getMode() == null ? defaultMode : item.getMode();
        files.put(item.getPath(), new VolumeFile(value, mode, -1));
      } else if (!missing) {
        throw new MountException(
            "%s references non-existent %s key: %s".formatted(kind, keyKind, item.getKey()));
      }
    }
  }

  private void describe(List<DownwardAPIVolumeFile> items) throws MountException {
    for (DownwardAPIVolumeFile item : items) {
      int mode = item.getMode() == null ? defaultMode : item.getMode();
      files.put(item.getPath(), new VolumeFile(value(item).getBytes(UTF_8), mode, -1));
    }
  }

  private String value(DownwardAPIVolumeFile item) throws MountException {
    if (item.getFieldRef() != null) {
      String path = item.getFieldRef().getFieldPath();
      return DownwardApi.metadata(pod, path)
          .orElseThrow(() -> new MountException("unsupported fieldPath: " + path));
    }
    try {
      return description.resource(pod, item.getResourceFieldRef(), null);
    } catch (IllegalArgumentException e) {
      throw new MountException(e.getMessage());
    }
  }

  private static Map<String, String> orNone(Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
