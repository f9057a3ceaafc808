package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.controllermanager.discovery.ServedResource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The types that references may name, by group and kind, as discovery told last. */
final class ServedTypes {
  private volatile Map<String, ServedResource> byKind = Map.of();

  void replace(List<ServedResource> resources) {
    var all = new HashMap<String, ServedResource>();
    resources.forEach(type -> all.putIfAbsent(key(type.apiVersion(), type.kind()), type));
    byKind = Map.copyOf(all);
  }

  /**
   * Returns a type in the version that is served, whichever the reference names.
   *
   * @throws UnknownTypeException when there is none
   */
  ServedResource of(String apiVersion, String kind) {
    var type = byKind.get(key(apiVersion, kind));
    if (type == null) {
      throw new UnknownTypeException(apiVersion, kind);
    }
    return type;
  }

  private static String key(String apiVersion, String kind) {
    int slash = apiVersion.indexOf('/');
    return (slash < 0 ? "" : apiVersion.substring(0, slash)) + "/" + kind;
  }
}
