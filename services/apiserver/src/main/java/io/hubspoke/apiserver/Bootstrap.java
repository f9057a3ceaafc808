package io.hubspoke.apiserver;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.authz.BootstrapPolicy;
import io.hubspoke.apiserver.authz.PolicyReconciliation;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Registry;
import io.hubspoke.apiserver.registry.Target;
import io.hubspoke.apiserver.registry.WriteOptions;
import io.hubspoke.apiserver.resources.NetworkingResources;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.resources.SchedulingResources;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;

/**
 * Makes what every cluster has: system namespaces, the {@code kubernetes} service with this
 * server's endpoint, and the default roles, which are put right where somebody changed them.
 */
final class Bootstrap {
  private static final List<String> NAMESPACES =
      List.of("default", "kube-system", "kube-public", "kube-node-lease");
  private static final WriteOptions AS_SERVER =
      new WriteOptions(
          new User("system:apiserver", "", List.of("system:masters"), Map.of()), false);

  /** How many roles are made at a time; other work of the event loop comes in between. */
  private static final int PIECE = 16;

  private final Vertx vertx;
  private final Registry registry;

  Bootstrap(Vertx vertx, Registry registry) {
    this.vertx = vertx;
    this.registry = registry;
  }

  /** Makes namespaces, roles and priorities; without them nothing can be asked of the server. */
  Future<Void> start() {
    return Future.all(NAMESPACES.stream().map(this::namespace).toList())
        .compose(made -> policy(BootstrapPolicy.objects()))
        .compose(made -> policy(BootstrapPolicy.installerObjects()))
        .compose(made -> Future.all(priorityClasses()))
        .mapEmpty();
  }

  /** Makes the {@code kubernetes} service and puts this server behind it. */
  Future<Void> publish(String serviceRange, String address, int port) {
    Future<?> service =
        create(ResourceTable.SERVICES, "default", service(serviceAddress(serviceRange), port));
    return service
        .compose(made -> point(ResourceTable.ENDPOINTS, endpoints(address, port)))
        .compose(made -> point(NetworkingResources.ENDPOINT_SLICES, endpointSlice(address, port)))
        .compose(made -> create(NetworkingResources.SERVICE_CIDRS, "", serviceCidr(serviceRange)));
  }

  /** Makes what points to this server, or turns what there is to it. */
  private Future<Void> point(Resource resource, ObjectNode wanted) {
    return create(resource, "default", wanted)
        .compose(
            made ->
                registry.change(
                    Target.of(resource, "default", "kubernetes"),
                    now -> {
                      for (String field : List.of("subsets", "endpoints", "ports")) {
                        if (wanted.has(field)) {
                          now.set(field, wanted.get(field));
                        }
                      }
                      return now;
                    },
                    AS_SERVER))
        .mapEmpty();
  }

  private List<Future<Void>> priorityClasses() {
    return SchedulingResources.systemPriorityClasses().stream()
        .map(priority -> create(SchedulingResources.PRIORITY_CLASSES, "", priority))
        .toList();
  }

  /** Tells other servers of the cluster whom to believe, as this one does. */
  Future<Void> publishAuthentication(Map<String, String> data) {
    ObjectNode map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata")
        .put("name", "extension-apiserver-authentication")
        .put("namespace", "kube-system");
    ObjectNode content = map.putObject("data");
    data.forEach(content::put);
    return create(ResourceTable.CONFIG_MAPS, "kube-system", map)
        .compose(
            made ->
                registry.change(
                    Target.of(
                        ResourceTable.CONFIG_MAPS,
                        "kube-system",
                        "extension-apiserver-authentication"),
                    now -> now.set("data", content),
                    AS_SERVER))
        .mapEmpty();
  }

  private Future<Void> namespace(String name) {
    ObjectNode namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
    namespace
        .putObject("metadata")
        .put("name", name)
        .putObject("labels")
        .put("kubernetes.io/metadata.name", name);
    return create(ResourceTable.NAMESPACES, "", namespace);
  }

  private Future<Void> policy(List<ObjectNode> objects) {
    if (objects.isEmpty()) {
      return Future.succeededFuture();
    }
    int end = Math.min(PIECE, objects.size());
    List<ObjectNode> rest = objects.subList(end, objects.size());
    Promise<Void> later = Promise.promise();
    Future.all(objects.subList(0, end).stream().map(this::reconcile).toList())
        .onFailure(later::fail)
        .onSuccess(made -> vertx.runOnContext(v -> policy(rest).onComplete(later)));
    return later.future();
  }

  private Future<Void> reconcile(ObjectNode wanted) {
    Resource resource =
        switch (wanted.path("kind").asText()) {
          case "ClusterRole" -> ResourceTable.CLUSTER_ROLES;
          case "ClusterRoleBinding" -> ResourceTable.CLUSTER_ROLE_BINDINGS;
          case "Role" -> ResourceTable.ROLES;
          case "RoleBinding" -> ResourceTable.ROLE_BINDINGS;
          case String other -> throw new IllegalArgumentException("no role: " + other);
        };
    String namespace = Meta.namespace(wanted);
    ObjectNode now = registry.lister().get(resource.type(), namespace, Meta.name(wanted));
    if (now == null) {
      return create(resource, namespace, wanted);
    }
    if (PolicyReconciliation.holds(now, wanted)) {
      return Future.succeededFuture();
    }
    return registry
        .change(
            Target.of(resource, namespace, Meta.name(wanted)),
            current -> PolicyReconciliation.complete(current, wanted),
            AS_SERVER)
        .mapEmpty();
  }

  private Future<Void> create(Resource resource, String namespace, ObjectNode object) {
    if (registry.lister().get(resource.type(), namespace, Meta.name(object)) != null) {
      return Future.succeededFuture();
    }
    return registry
        .create(Target.of(resource, namespace, ""), object.deepCopy(), AS_SERVER)
        .<Void>mapEmpty()
        .recover(
            failure ->
                failure instanceof ApiException refused && refused.reason().equals("AlreadyExists")
                    ? Future.succeededFuture()
                    : Future.failedFuture(failure));
  }

  private static ObjectNode service(String clusterIp, int port) {
    ObjectNode service = kubernetes("Service");
    ObjectNode spec = service.putObject("spec");
    spec.put("type", "ClusterIP").put("clusterIP", clusterIp).putArray("clusterIPs").add(clusterIp);
    spec.putArray("ipFamilies").add("IPv4");
    spec.put("ipFamilyPolicy", "SingleStack").put("sessionAffinity", "None");
    spec.put("internalTrafficPolicy", "Cluster");
    spec.putArray("ports")
        .addObject()
        .put("name", "https")
        .put("protocol", "TCP")
        .put("port", 443)
        .put("targetPort", port);
    return service;
  }

  private static ObjectNode endpoints(String address, int port) {
    ObjectNode endpoints = kubernetes("Endpoints");
    ObjectNode subset = endpoints.putArray("subsets").addObject();
    subset.putArray("addresses").addObject().put("ip", address);
    subset
        .putArray("ports")
        .addObject()
        .put("name", "https")
        .put("port", port)
        .put("protocol", "TCP");
    return endpoints;
  }

  private static ObjectNode endpointSlice(String address, int port) {
    ObjectNode slice = kubernetes("EndpointSlice").put("apiVersion", "discovery.k8s.io/v1");
    slice
        .withObject("metadata")
        .putObject("labels")
        .put("kubernetes.io/service-name", "kubernetes");
    slice.put("addressType", address.contains(":") ? "IPv6" : "IPv4");
    ObjectNode endpoint = slice.putArray("endpoints").addObject();
    endpoint.putArray("addresses").add(address);
    endpoint.putObject("conditions").put("ready", true);
    slice
        .putArray("ports")
        .addObject()
        .put("name", "https")
        .put("port", port)
        .put("protocol", "TCP");
    return slice;
  }

  private static ObjectNode serviceCidr(String range) {
    ObjectNode cidr = kubernetes("ServiceCIDR").put("apiVersion", "networking.k8s.io/v1");
    cidr.withObject("metadata").remove("labels");
    cidr.putObject("spec").putArray("cidrs").add(range);
    return cidr;
  }

  private static ObjectNode kubernetes(String kind) {
    ObjectNode object = Json.object().put("apiVersion", "v1").put("kind", kind);
    ObjectNode labels = object.putObject("metadata").put("name", "kubernetes").putObject("labels");
    if (kind.equals("Service")) {
      labels.put("component", "apiserver").put("provider", "kubernetes");
    } else {
      labels.put("endpointslice.kubernetes.io/skip-mirror", "true");
    }
    return object;
  }

  /** Returns the first address of the range, which is the {@code kubernetes} service's. */
  static String serviceAddress(String range) {
    byte[] address = AddressRange.parse(range).base().getAddress();
    address[address.length - 1]++;
    try {
      return java.net.InetAddress.getByAddress(address).getHostAddress();
    } catch (java.net.UnknownHostException e) {
      throw new IllegalArgumentException(range, e);
    }
  }
}
