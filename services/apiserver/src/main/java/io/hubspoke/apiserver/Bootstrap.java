package io.hubspoke.apiserver;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.authz.BootstrapPolicy;
import io.hubspoke.apiserver.authz.PolicyReconciliation;
import io.hubspoke.apiserver.registry.ServerObjects;
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
 * Makes what every cluster has: system namespaces, priorities, what the services have as a range,
 * and the default roles, which are put right where somebody changed them.
 */
final class Bootstrap {
  private static final List<String> NAMESPACES =
      List.of("default", "kube-system", "kube-public", "kube-node-lease");

  /** How many roles are made at a time; other work of the event loop comes in between. */
  private static final int PIECE = 16;

  private final Vertx vertx;
  private final ServerObjects objects;

  Bootstrap(Vertx vertx, ServerObjects objects) {
    this.vertx = vertx;
    this.objects = objects;
  }

  /** Makes namespaces, roles and priorities; without them nothing can be asked of the server. */
  Future<Void> start() {
    return Future.all(NAMESPACES.stream().map(this::namespace).toList())
        .compose(made -> policy(BootstrapPolicy.objects()))
        .compose(made -> policy(BootstrapPolicy.installerObjects()))
        .compose(made -> Future.all(priorityClasses()))
        .mapEmpty();
  }

  /** Says in which range the addresses of services are. */
  Future<Void> publishServiceRange(String range) {
    return objects.create(NetworkingResources.SERVICE_CIDRS, "", serviceCidr(range));
  }

  private List<Future<Void>> priorityClasses() {
    return SchedulingResources.systemPriorityClasses().stream()
        .map(priority -> objects.create(SchedulingResources.PRIORITY_CLASSES, "", priority))
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
    return objects
        .create(ResourceTable.CONFIG_MAPS, "kube-system", map)
        .compose(
            made ->
                objects.change(
                    ResourceTable.CONFIG_MAPS,
                    "kube-system",
                    "extension-apiserver-authentication",
                    now -> now.set("data", content)));
  }

  private Future<Void> namespace(String name) {
    ObjectNode namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
    namespace
        .putObject("metadata")
        .put("name", name)
        .putObject("labels")
        .put("kubernetes.io/metadata.name", name);
    return objects.create(ResourceTable.NAMESPACES, "", namespace);
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
    ObjectNode now = objects.get(resource, namespace, Meta.name(wanted));
    if (now == null) {
      return objects.create(resource, namespace, wanted);
    }
    if (PolicyReconciliation.holds(now, wanted)) {
      return Future.succeededFuture();
    }
    return objects.change(
        resource,
        namespace,
        Meta.name(wanted),
        current -> PolicyReconciliation.complete(current, wanted));
  }

  private static ObjectNode serviceCidr(String range) {
    ObjectNode cidr =
        Json.object().put("apiVersion", "networking.k8s.io/v1").put("kind", "ServiceCIDR");
    cidr.putObject("metadata").put("name", "kubernetes");
    cidr.putObject("spec").putArray("cidrs").add(range);
    return cidr;
  }
}
