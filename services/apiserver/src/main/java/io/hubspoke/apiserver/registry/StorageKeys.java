package io.hubspoke.apiserver.registry;

import io.hubspoke.api.ResourceType;

/** Names objects in the store: {@code /registry/<group>/<resource>/<namespace>/<name>}. */
final class StorageKeys {
  static final String ROOT = "/registry/";

  private StorageKeys() {}

  /** Returns what the keys of a type's objects begin with, of one namespace unless it is empty. */
  static String prefix(ResourceType type, String namespace) {
    // The events of both groups are the same objects.
    boolean core = type.group().isEmpty() || type.group().equals("events.k8s.io");
    String group = core ? "core" : type.group();
    String all = ROOT + group + "/" + type.plural() + "/";
    return type.namespaced() && !namespace.isEmpty() ? all + namespace + "/" : all;
  }

  static String key(ResourceType type, String namespace, String name) {
    return prefix(type, namespace) + name;
  }

  /** Returns the part of a key that names its type, {@code /registry/<group>/<resource>/}. */
  static String typePrefix(String key) {
    int group = key.indexOf('/', ROOT.length());
    return key.substring(0, key.indexOf('/', group + 1) + 1);
  }
}
