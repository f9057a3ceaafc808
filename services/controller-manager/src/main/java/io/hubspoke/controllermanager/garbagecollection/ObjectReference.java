package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.client.ObjectMetadata.OwnerReference;

/**
 * Names an object.
 *
 * @param namespace empty for cluster-scoped objects
 */
record ObjectReference(String apiVersion, String kind, String namespace, String name, String uid) {

  /** Returns what a reference names, if its owner lies where the dependent does. */
  static ObjectReference of(OwnerReference owner, String namespace) {
    return new ObjectReference(
        owner.apiVersion(), owner.kind(), namespace, owner.name(), owner.uid());
  }

  ObjectReference clusterScoped() {
    return new ObjectReference(apiVersion, kind, "", name, uid);
  }

  /** Returns whether a reference of a dependent in this namespace means this object. */
  boolean isMeantBy(OwnerReference owner, String dependentNamespace) {
    return kind.equals(owner.kind())
        && name.equals(owner.name())
        && group(apiVersion).equals(group(owner.apiVersion()))
        && (namespace.isEmpty() || namespace.equals(dependentNamespace));
  }

  private static String group(String apiVersion) {
    int slash = apiVersion.indexOf('/');
    return slash < 0 ? "" : apiVersion.substring(0, slash);
  }

  @Override
  public String toString() {
    return "[%s/%s, namespace: %s, name: %s, uid: %s]"
        .formatted(apiVersion, kind, namespace, name, uid);
  }
}
