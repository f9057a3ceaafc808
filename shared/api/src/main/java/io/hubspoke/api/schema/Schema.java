package io.hubspoke.api.schema;

import io.hubspoke.api.ResourceType;
import java.util.List;
import java.util.Optional;

/** Finds the types of Kubernetes' built-in kinds. */
public final class Schema {
  /** The types that all groups share, such as ObjectMeta and DeleteOptions. */
  public static final TypeGroup META = new TypeGroup("meta.k8s.io", "v1");

  private static final List<TypeGroup> GROUPS =
      List.of(
          new TypeGroup("", "v1"),
          META,
          new TypeGroup("admissionregistration.k8s.io", "v1"),
          new TypeGroup("apiextensions.k8s.io", "v1"),
          new TypeGroup("apps", "v1"),
          new TypeGroup("authentication.k8s.io", "v1"),
          new TypeGroup("authorization.k8s.io", "v1"),
          new TypeGroup("autoscaling", "v1"),
          new TypeGroup("autoscaling", "v2"),
          new TypeGroup("batch", "v1"),
          new TypeGroup("certificates.k8s.io", "v1"),
          new TypeGroup("coordination.k8s.io", "v1"),
          new TypeGroup("discovery.k8s.io", "v1"),
          new TypeGroup("events.k8s.io", "v1"),
          new TypeGroup("networking.k8s.io", "v1"),
          new TypeGroup("node.k8s.io", "v1"),
          new TypeGroup("policy", "v1"),
          new TypeGroup("rbac.authorization.k8s.io", "v1"),
          new TypeGroup("scheduling.k8s.io", "v1"),
          new TypeGroup("storage.k8s.io", "v1"));

  private Schema() {}

  /** Returns the groups' versions, core first. */
  public static List<TypeGroup> groups() {
    return GROUPS;
  }

  /**
   * Finds a kind. Those that all groups share, such as DeleteOptions, are found under each group's
   * version, as clients write them.
   */
  public static Optional<Struct> lookup(String apiVersion, String kind) {
    for (TypeGroup group : GROUPS) {
      if (group.apiVersion().equals(apiVersion)) {
        Struct struct = group.struct(kind);
        struct = struct == null ? META.struct(kind) : struct;
        return struct != null && struct.isKind() ? Optional.of(struct) : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** Returns the type of a resource's objects, which must be built in. */
  public static Struct of(ResourceType type) {
    return lookup(type.apiVersion(), type.kind())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    type.kind() + " " + type.apiVersion() + " has no types"));
  }

  static TypeGroup named(String name) {
    for (TypeGroup group : GROUPS) {
      if (group.toString().equals(name)) {
        return group;
      }
    }
    throw new IllegalArgumentException("no types of " + name);
  }
}
