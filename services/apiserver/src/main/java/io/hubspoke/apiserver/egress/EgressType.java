package io.hubspoke.apiserver.egress;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a connection is for, by which the way to its target is chosen. */
public enum EgressType {
  /** Nodes, pods and services. */
  CLUSTER("cluster"),
  /** Other parts of the control plane, such as webhooks that are named by URL. */
  CONTROL_PLANE("controlplane"),
  /** The store. */
  ETCD("etcd");

  private final String selectionName;

  EgressType(String selectionName) {
    this.selectionName = selectionName;
  }

  /** Returns the name in an {@code EgressSelectorConfiguration}. */
  public String selectionName() {
    return selectionName;
  }

  /** Finds one by its name, in whatever case. */
  static Optional<EgressType> named(String name) {
    String canonical = name.toLowerCase(Locale.ROOT);
    return Arrays.stream(values()).filter(t -> t.selectionName.equals(canonical)).findFirst();
  }

  static List<String> names() {
    return Arrays.stream(values()).map(EgressType::selectionName).sorted().toList();
  }
}
