package io.hubspoke.apiserver.authz;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * The roles of the controllers, each bound to the controller's service account, as Kubernetes has
 * them for a controller manager that runs with {@code --use-service-account-credentials}.
 */
final class ControllerPolicy {
  static final String PREFIX = "system:controller:";

  /** What each controller may do: its name, and below it one line a rule ({@link Rule#parse}). */
  private static final String ROLES =
      """
      attachdetach-controller
        list,watch persistentvolumeclaims,persistentvolumes
        get,list,watch nodes
        patch,update nodes/status
        list,watch pods
        create,patch,update events in core,events.k8s.io
        create,delete,get,list,watch volumeattachments in storage.k8s.io
        get,list,watch csidrivers in storage.k8s.io
        get,list,watch csinodes in storage.k8s.io
      certificate-controller
        delete,get,list,watch certificatesigningrequests in certificates.k8s.io
        update certificatesigningrequests/approval,certificatesigningrequests/status in certificates.k8s.io
        approve signers in certificates.k8s.io named kubernetes.io/kube-apiserver-client-kubelet
        sign signers in certificates.k8s.io named kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown
        create subjectaccessreviews in authorization.k8s.io
        create,patch,update events in core,events.k8s.io
      clusterrole-aggregation-controller
        escalate,get,list,patch,update,watch clusterroles in rbac.authorization.k8s.io
      cronjob-controller
        get,list,update,watch cronjobs in batch
        create,delete,get,list,patch,update,watch jobs in batch
        update cronjobs/status in batch
        update cronjobs/finalizers in batch
        delete,list pods
        create,patch,update events in core,events.k8s.io
      daemon-set-controller
        get,list,watch daemonsets in apps,extensions
        update daemonsets/status in apps,extensions
        update daemonsets/finalizers in apps,extensions
        list,watch nodes
        create,delete,list,patch,watch pods
        create pods/binding
        create,delete,get,list,patch,update,watch controllerrevisions in apps
        create,patch,update events in core,events.k8s.io
      deployment-controller
        get,list,update,watch deployments in apps,extensions
        update deployments/status in apps,extensions
        update deployments/finalizers in apps,extensions
        create,delete,get,list,patch,update,watch replicasets in apps,extensions
        get,list,update,watch pods
        create,patch,update events in core,events.k8s.io
      disruption-controller
        get,list,watch deployments in apps,extensions
        get,list,watch replicasets in apps,extensions
        get,list,watch replicationcontrollers
        get,list,watch poddisruptionbudgets in policy
        get,list,watch statefulsets in apps
        update poddisruptionbudgets/status in policy
        patch,update pods/status
        get */scale in *
        create,patch,update events in core,events.k8s.io
      endpoint-controller
        get,list,watch pods,services
        create,delete,get,list,update endpoints
        create endpoints/restricted
        create,patch,update events in core,events.k8s.io
      endpointslice-controller
        get,list,watch nodes,pods,services
        update services/finalizers
        create,delete,get,list,update endpointslices in discovery.k8s.io
        create,patch,update events in core,events.k8s.io
      endpointslicemirroring-controller
        get,list,watch endpoints,services
        update services/finalizers
        update endpoints/finalizers
        create,delete,get,list,update endpointslices in discovery.k8s.io
        create,patch,update events in core,events.k8s.io
      ephemeral-volume-controller
        get,list,watch pods
        update pods/finalizers
        create,get,list,watch persistentvolumeclaims
        create,patch,update events in core,events.k8s.io
      expand-controller
        get,list,patch,update,watch persistentvolumes
        patch,update persistentvolumeclaims/status
        get,list,watch persistentvolumeclaims
        get,list,watch storageclasses in storage.k8s.io
        get endpoints,services
        get secrets
        create,patch,update events in core,events.k8s.io
      generic-garbage-collector
        delete,get,list,patch,update,watch * in *
        create,patch,update events in core,events.k8s.io
      horizontal-pod-autoscaler
        get,list,watch horizontalpodautoscalers in autoscaling
        update horizontalpodautoscalers/status in autoscaling
        get,update */scale in *
        list pods
        list pods in metrics.k8s.io
        get,list * in custom.metrics.k8s.io
        get,list * in external.metrics.k8s.io
        create,patch,update events in core,events.k8s.io
      job-controller
        get,list,patch,update,watch jobs in batch
        update jobs/status in batch
        update jobs/finalizers in batch
        create,delete,list,patch,watch pods
        create,patch,update events in core,events.k8s.io
      legacy-service-account-token-cleaner
        get configmaps named kube-apiserver-legacy-service-account-token-tracking
        delete,patch secrets
      namespace-controller
        delete,get,list,watch namespaces
        update namespaces/finalize,namespaces/status
        delete,deletecollection,get,list * in *
      node-controller
        delete,get,list,patch,update nodes
        patch,update nodes/status
        patch,update pods/status
        delete,get,list pods
        create,patch,update events in core,events.k8s.io
      persistent-volume-binder
        create,delete,get,list,update,watch persistentvolumes
        update persistentvolumes/status
        get,list,update,watch persistentvolumeclaims
        update persistentvolumeclaims/status
        create,delete,get,list,watch pods
        get,list,watch storageclasses in storage.k8s.io
        create,delete,get,update endpoints
        create,delete,get services
        get secrets
        get,list nodes
        watch events
        create,patch,update events in core,events.k8s.io
      pod-garbage-collector
        delete,list,watch pods
        get,list nodes
        patch pods/status
      pv-protection-controller
        get,list,update,watch persistentvolumes
        create,patch,update events in core,events.k8s.io
      pvc-protection-controller
        get,list,update,watch persistentvolumeclaims
        get,list,watch pods
        create,patch,update events in core,events.k8s.io
      replicaset-controller
        get,list,update,watch replicasets in apps,extensions
        update replicasets/status in apps,extensions
        update replicasets/finalizers in apps,extensions
        create,delete,list,patch,watch pods
        create,patch,update events in core,events.k8s.io
      replication-controller
        get,list,update,watch replicationcontrollers
        update replicationcontrollers/status
        update replicationcontrollers/finalizers
        create,delete,list,patch,watch pods
        create,patch,update events in core,events.k8s.io
      resourcequota-controller
        list,watch * in *
        update resourcequotas/status
        create,patch,update events in core,events.k8s.io
      root-ca-cert-publisher
        create,update configmaps
        create,patch,update events in core,events.k8s.io
      route-controller
        list,watch nodes
        patch nodes/status
        create,patch,update events in core,events.k8s.io
      selinux-warning-controller
        get,list,watch persistentvolumeclaims,persistentvolumes,pods
        get,list,watch csidrivers in storage.k8s.io
        create,patch,update events in core,events.k8s.io
      service-account-controller
        create serviceaccounts
        create,patch,update events in core,events.k8s.io
      service-cidrs-controller
        get,list,patch,update,watch servicecidrs in networking.k8s.io
        patch,update servicecidrs/finalizers in networking.k8s.io
        patch,update servicecidrs/status in networking.k8s.io
        get,list,watch ipaddresses in networking.k8s.io
        create,patch,update events in core,events.k8s.io
      service-controller
        get,list,watch services
        patch,update services/status
        list,watch nodes
        create,patch,update events in core,events.k8s.io
      statefulset-controller
        list,watch pods
        get,list,watch statefulsets in apps
        update statefulsets/status in apps
        update statefulsets/finalizers in apps
        create,delete,get,patch,update pods
        create,delete,get,list,patch,update,watch controllerrevisions in apps
        create,get persistentvolumeclaims
        create,patch,update events in core,events.k8s.io
        delete,update persistentvolumeclaims
      ttl-after-finished-controller
        delete,get,list,watch jobs in batch
        create,patch,update events in core,events.k8s.io
      ttl-controller
        list,patch,update,watch nodes
        create,patch,update events in core,events.k8s.io
      validatingadmissionpolicy-status-controller
        get,list,watch validatingadmissionpolicies in admissionregistration.k8s.io
        get,patch,update validatingadmissionpolicies/status in admissionregistration.k8s.io
        create,patch,update events in core,events.k8s.io
      """;

  /**
   * Controllers of disks, clouds and metrics, whose rights the controller manager has no use for.
   */
  private static final Set<String> ELSEWHERE =
      Set.of(
          "attachdetach-controller",
          "ephemeral-volume-controller",
          "expand-controller",
          "horizontal-pod-autoscaler",
          "persistent-volume-binder",
          "pv-protection-controller",
          "pvc-protection-controller",
          "route-controller",
          "selinux-warning-controller",
          "service-cidrs-controller",
          "service-controller",
          "ttl-controller",
          "validatingadmissionpolicy-status-controller");

  private ControllerPolicy() {}

  static void addTo(PolicyObjects policy) {
    read(
        (controller, rules) -> {
          String role = PREFIX + controller;
          policy.role(role, rules.toArray(Rule[]::new));
          policy.bindServiceAccount(role, role, controller);
        });
  }

  /**
   * Returns the names of the controllers that a controller manager without a cloud or disks has.
   */
  static List<String> ownNames() {
    return ROLES
        .lines()
        .filter(line -> !line.startsWith(" ") && !ELSEWHERE.contains(line))
        .toList();
  }

  private static void read(BiConsumer<String, List<Rule>> roles) {
    String name = "";
    List<Rule> rules = new ArrayList<>();
    for (String line : ROLES.lines().toList()) {
      if (line.startsWith(" ")) {
        rules.add(Rule.parse(line.strip()));
        continue;
      }
      if (!rules.isEmpty()) {
        roles.accept(name, rules);
      }
      name = line;
      rules = new ArrayList<>();
    }
    roles.accept(name, rules);
  }
}
