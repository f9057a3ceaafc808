package io.hubspoke.api;

import java.util.List;
import java.util.Set;

/**
 * Names a kind of API object: one line of the resource table, as discovery ({@code APIResource})
 * shows it.
 *
 * @param group API group, empty for the core group
 * @param version API version, such as {@code v1}
 * @param plural name in URLs, such as {@code pods}
 * @param singular name that kubectl accepts beside it, such as {@code pod}
 * @param kind such as {@code Pod}
 * @param namespaced whether objects live in namespaces
 * @param shortNames such as {@code po}
 * @param categories groups of resources, such as {@code all}
 * @param verbs verbs that it answers, as discovery lists them
 * @param subresources such as {@code status} and {@code log}
 */
public record ResourceType(
    String group,
    String version,
    String plural,
    String singular,
    String kind,
    boolean namespaced,
    List<String> shortNames,
    List<String> categories,
    Set<String> verbs,
    Set<String> subresources) {

  public ResourceType {
    shortNames = List.copyOf(shortNames);
    categories = List.copyOf(categories);
    verbs = Set.copyOf(verbs);
    subresources = Set.copyOf(subresources);
  }

  /** Returns what objects carry as {@code apiVersion}: {@code v1} or {@code group/version}. */
  public String apiVersion() {
    return group.isEmpty() ? version : group + "/" + version;
  }

  /**
   * Returns the resource as messages name it: {@code pods} or {@code leases.coordination.k8s.io}.
   */
  public String qualifiedName() {
    return group.isEmpty() ? plural : plural + "." + group;
  }

  /**
   * Returns the path of the collection, such as {@code /api/v1/namespaces/default/pods}.
   *
   * @param namespace null or empty for all namespaces and for cluster-scoped resources
   */
  public String collectionPath(String namespace) {
    String root = group.isEmpty() ? "/api/" + version : "/apis/" + group + "/" + version;
    boolean all = !namespaced || namespace == null || namespace.isEmpty();
    return root + (all ? "" : "/namespaces/" + namespace) + "/" + plural;
  }

  /** Returns the path of one object. */
  public String path(String namespace, String name) {
    return collectionPath(namespace) + "/" + name;
  }
}
