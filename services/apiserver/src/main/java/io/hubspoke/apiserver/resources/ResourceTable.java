package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;
import static java.util.stream.Collectors.toUnmodifiableMap;

import io.hubspoke.api.ResourceType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Holds the resources that the apiserver serves; adding one is a line here. */
public final class ResourceTable {
  // Namespaces are never deleted as a collection.
  private static final Set<String> SINGLE_DELETE_VERBS =
      Set.of("create", "delete", "get", "list", "patch", "update", "watch");
  private static final String COORDINATION = "coordination.k8s.io";
  private static final String CERTIFICATES = "certificates.k8s.io";
  private static final String RBAC = "rbac.authorization.k8s.io";
  private static final String AUTHENTICATION = "authentication.k8s.io";
  private static final String AUTHORIZATION = "authorization.k8s.io";

  public static final Resource NAMESPACES =
      resource(
          type("", "Namespace", "namespaces", false)
              .alias("ns")
              .verbs(SINGLE_DELETE_VERBS)
              .sub("status", "finalize"),
          new NamespaceStrategy(),
          Columns.namespaces());
  public static final Resource NODES =
      resource(
          type("", "Node", "nodes", false).alias("no").sub("status", "proxy"),
          new NodeStrategy(),
          NodeColumns.columns());
  public static final Resource PODS =
      resource(
          type("", "Pod", "pods", true)
              .alias("po")
              .category("all")
              .sub("status", "log", "binding", "eviction", "ephemeralcontainers", "resize")
              .sub("exec", "attach", "portforward", "proxy"),
          new PodStrategy(),
          PodColumns.columns());
  public static final Resource SERVICES =
      resource(
          type("", "Service", "services", true).alias("svc").category("all").sub("status", "proxy"),
          new ServiceStrategy(),
          Columns.services());
  public static final Resource ENDPOINTS =
      resource(
          type("", "Endpoints", "endpoints", true).alias("ep"),
          new EndpointsStrategy(),
          Columns.endpoints());
  public static final Resource CONFIG_MAPS =
      resource(
          type("", "ConfigMap", "configmaps", true).alias("cm"),
          new ConfigMapStrategy(),
          Columns.configMaps());
  public static final Resource SECRETS =
      resource(type("", "Secret", "secrets", true), new SecretStrategy(), Columns.secrets());
  public static final Resource SERVICE_ACCOUNTS =
      resource(
          type("", "ServiceAccount", "serviceaccounts", true).alias("sa").sub("token"),
          new GenericStrategy(true, false, Map.of()),
          Columns.serviceAccounts());
  public static final Resource EVENTS =
      resource(
          type("", "Event", "events", true).alias("ev"), new EventStrategy(), Columns.events());
  private static final Conversion EVENT_CONVERSION = new EventConversion(EVENTS.type());

  /** The same objects as {@link #EVENTS}, in the version that newer components report in. */
  public static final Resource NEWER_EVENTS =
      new Resource(
          type("events.k8s.io", "Event", "events", true).alias("ev").build(),
          new NewerEventStrategy(EVENT_CONVERSION),
          new ConvertedColumns(Columns.events(), EVENT_CONVERSION),
          EVENT_CONVERSION);

  public static final Resource LEASES =
      resource(type(COORDINATION, "Lease", "leases", true), new LeaseStrategy(), Columns.leases());
  public static final Resource CERTIFICATE_SIGNING_REQUESTS =
      resource(
          type(CERTIFICATES, "CertificateSigningRequest", "certificatesigningrequests", false)
              .alias("csr")
              .sub("status", "approval"),
          new CertificateSigningRequestStrategy(),
          Columns.certificateSigningRequests());
  public static final Resource ROLES =
      resource(type(RBAC, "Role", "roles", true), new RoleStrategy(false), Columns.roles());
  public static final Resource ROLE_BINDINGS =
      resource(
          type(RBAC, "RoleBinding", "rolebindings", true),
          new RoleBindingStrategy(false),
          Columns.roleBindings());
  public static final Resource CLUSTER_ROLES =
      resource(
          type(RBAC, "ClusterRole", "clusterroles", false),
          new RoleStrategy(true),
          Columns.roles());
  public static final Resource CLUSTER_ROLE_BINDINGS =
      resource(
          type(RBAC, "ClusterRoleBinding", "clusterrolebindings", false),
          new RoleBindingStrategy(true),
          Columns.roleBindings());

  /** Answered, never stored: who somebody is, and what he may do. */
  private static final List<ResourceType> REVIEWS =
      List.of(
          review(AUTHENTICATION, "SelfSubjectReview", false),
          review(AUTHENTICATION, "TokenReview", false),
          review(AUTHORIZATION, "LocalSubjectAccessReview", true),
          review(AUTHORIZATION, "SelfSubjectAccessReview", false),
          review(AUTHORIZATION, "SelfSubjectRulesReview", false),
          review(AUTHORIZATION, "SubjectAccessReview", false));

  private static final List<Resource> OWN =
      List.of(
          NAMESPACES,
          NODES,
          PODS,
          SERVICES,
          ENDPOINTS,
          CONFIG_MAPS,
          SECRETS,
          SERVICE_ACCOUNTS,
          EVENTS,
          NEWER_EVENTS,
          LEASES,
          CERTIFICATE_SIGNING_REQUESTS,
          ROLES,
          ROLE_BINDINGS,
          CLUSTER_ROLES,
          CLUSTER_ROLE_BINDINGS);

  private static final List<Resource> ALL =
      Stream.of(
              OWN,
              WorkloadResources.ALL,
              QuotaResources.ALL,
              NetworkingResources.ALL,
              SchedulingResources.ALL,
              StorageResources.ALL,
              ExtensionResources.ALL)
          .flatMap(List::stream)
          .toList();
  private static final List<ResourceType> TYPES =
      Stream.concat(ALL.stream().map(Resource::type), REVIEWS.stream()).toList();
  private static final Map<Key, Resource> BY_KEY =
      ALL.stream().collect(toUnmodifiableMap(r -> Key.of(r.type()), r -> r));

  private ResourceTable() {}

  /** Returns the stored resources in discovery's order. */
  public static List<Resource> all() {
    return ALL;
  }

  /** Returns every type that discovery shows, those that are answered without a store included. */
  public static List<ResourceType> types() {
    return TYPES;
  }

  /** Finds a stored resource by what a path names. */
  public static Optional<Resource> lookup(String group, String version, String plural) {
    return Optional.ofNullable(BY_KEY.get(new Key(group, version, plural)));
  }

  private static Resource resource(
      TypeBuilder type, ResourceStrategy strategy, TableColumns columns) {
    return type.with(strategy, columns);
  }

  private static ResourceType review(String group, String kind, boolean namespaced) {
    String plural = kind.toLowerCase(Locale.ROOT) + "s";
    return type(group, kind, plural, namespaced).verbs(Set.of("create")).build();
  }

  private record Key(String group, String version, String plural) {
    static Key of(ResourceType type) {
      return new Key(type.group(), type.version(), type.plural());
    }
  }
}
