package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.hubspoke.api.ResourceType;

/**
 * Says where objects of a type live in the API, and as what Java type they are read.
 *
 * @param group empty for the core group
 * @param plural name in URLs, such as {@code pods}
 * @param type a fabric8 model class, or {@link ObjectNode} to keep the tree
 */
public record Resource<T>(
    String group, String version, String plural, boolean namespaced, Class<T> type) {

  static final String JSON = "application/json";

  public static final Resource<Node> NODES = cluster("", "v1", "nodes", Node.class);
  public static final Resource<Namespace> NAMESPACES =
      cluster("", "v1", "namespaces", Namespace.class);
  public static final Resource<Pod> PODS = namespaced("", "v1", "pods", Pod.class);
  public static final Resource<Event> EVENTS = namespaced("", "v1", "events", Event.class);
  public static final Resource<Secret> SECRETS = namespaced("", "v1", "secrets", Secret.class);
  public static final Resource<ConfigMap> CONFIG_MAPS =
      namespaced("", "v1", "configmaps", ConfigMap.class);
  public static final Resource<Service> SERVICES = namespaced("", "v1", "services", Service.class);
  public static final Resource<Endpoints> ENDPOINTS =
      namespaced("", "v1", "endpoints", Endpoints.class);
  public static final Resource<ServiceAccount> SERVICE_ACCOUNTS =
      namespaced("", "v1", "serviceaccounts", ServiceAccount.class);
  public static final Resource<Lease> LEASES =
      namespaced("coordination.k8s.io", "v1", "leases", Lease.class);
  public static final Resource<CertificateSigningRequest> CERTIFICATE_SIGNING_REQUESTS =
      cluster(
          "certificates.k8s.io",
          "v1",
          "certificatesigningrequests",
          CertificateSigningRequest.class);

  /** Names a resource whose objects live in namespaces. */
  public static <T> Resource<T> namespaced(
      String group, String version, String plural, Class<T> type) {
    return new Resource<>(group, version, plural, true, type);
  }

  /** Names a cluster-scoped resource. */
  public static <T> Resource<T> cluster(
      String group, String version, String plural, Class<T> type) {
    return new Resource<>(group, version, plural, false, type);
  }

  /** Reads objects of this type as trees. */
  public static Resource<ObjectNode> tree(ResourceType type) {
    return new Resource<>(
        type.group(), type.version(), type.plural(), type.namespaced(), ObjectNode.class);
  }

  /** Reads the same objects as trees. */
  public Resource<ObjectNode> tree() {
    return new Resource<>(group, version, plural, namespaced, ObjectNode.class);
  }

  /** Reads of the same objects nothing but their metadata. */
  public Resource<ObjectMetadata> metadata() {
    return new Resource<>(group, version, plural, namespaced, ObjectMetadata.class);
  }

  /** Returns in which form a single object, or an event about one, is to be sent. */
  String accept() {
    return type == ObjectMetadata.class ? ObjectMetadata.ACCEPT : JSON;
  }

  String acceptList() {
    return type == ObjectMetadata.class ? ObjectMetadata.ACCEPT_LIST : JSON;
  }

  /**
   * Returns the path of the collection.
   *
   * @param namespace null or empty for all namespaces and for cluster-scoped resources
   */
  public String collectionPath(String namespace) {
    String root = group.isEmpty() ? "/api/" + version : "/apis/" + group + "/" + version;
    boolean all = !namespaced || namespace == null || namespace.isEmpty();
    return root + (all ? "" : "/namespaces/" + Query.encode(namespace)) + "/" + plural;
  }

  /** Returns the path of one object. */
  public String path(String namespace, String name) {
    return collectionPath(namespace) + "/" + Query.encode(name);
  }

  /** Returns the path of a subresource of one object, such as {@code status}. */
  public String path(String namespace, String name, String subresource) {
    return path(namespace, name) + "/" + subresource;
  }
}
