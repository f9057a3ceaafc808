package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest.Operation;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.NodeIdentity;
import io.hubspoke.apiserver.authz.PodReferences;
import io.hubspoke.apiserver.egress.SshTunnels;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Limits a kubelet to its own Node and lease and to pods bound to it, by the content of what it
 * writes ("NodeRestriction"); the Node authorizer has let it in by then.
 */
public final class NodeRestriction implements Admission {
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final String RESTRICTED = "node-restriction.kubernetes.io";
  private static final Set<String> KUBELET_LABELS =
      Set.of(
          "kubernetes.io/hostname",
          "kubernetes.io/os",
          "kubernetes.io/arch",
          "topology.kubernetes.io/zone",
          "topology.kubernetes.io/region",
          "failure-domain.beta.kubernetes.io/zone",
          "failure-domain.beta.kubernetes.io/region",
          "node.kubernetes.io/instance-type",
          "beta.kubernetes.io/instance-type",
          "beta.kubernetes.io/os",
          "beta.kubernetes.io/arch");

  private final Lister lister;

  private final NodeTokenRestriction tokens;

  public NodeRestriction(Lister lister, Authorizer authorizer) {
    this.lister = lister;
    this.tokens = new NodeTokenRestriction(lister, authorizer);
  }

  @Override
  public void admit(AdmissionRequest request) {
    String node = NodeIdentity.of(request.user());
    if (node == null) {
      return;
    }
    if (node.isEmpty()) {
      throw refuse(request, "could not determine node from user \"" + request.user().name() + "\"");
    }
    switch (request.type().qualifiedName()) {
      case "pods" -> pod(request, node);
      case "nodes" -> node(request, node);
      case "leases.coordination.k8s.io" -> NodeOwnObjects.lease(request, node);
      case "csinodes.storage.k8s.io" -> NodeOwnObjects.csiNode(request, node);
      case "persistentvolumeclaims" -> NodeOwnObjects.claim(request, node);
      case "certificatesigningrequests.certificates.k8s.io" -> NodeOwnObjects.certificate(request);
      case "serviceaccounts" -> tokens.admit(request, node);
      default -> {}
    }
  }

  private void pod(AdmissionRequest request, String node) {
    switch (request.subresource()) {
      case "" -> {
        switch (request.operation()) {
          case CREATE -> mirrorPod(request, node);
          case DELETE ->
              require(
                  request,
                  isBoundTo(request.old(), node),
                  "node %s can only delete pods with spec.nodeName set to itself"
                      .formatted(quoted(node)));
          case UPDATE ->
              throw refuse(
                  request,
                  "unexpected operation \"UPDATE\", node %s can only create and delete mirror pods"
                      .formatted(quoted(node)));
          case CONNECT -> {}
        }
      }
      case "status" -> podStatus(request, node);
      case "eviction" -> {
        ObjectNode pod = lister.get(ResourceTable.PODS.type(), request.namespace(), request.name());
        require(
            request,
            pod != null && isBoundTo(pod, node),
            "node %s can only evict pods with spec.nodeName set to itself".formatted(node));
      }
      default ->
          throw refuse(
              request,
              "unexpected pod subresource \"%s\", only 'status' and 'eviction' are allowed"
                  .formatted(request.subresource()));
    }
  }

  /** A node may only show the API what it already runs by itself, and that must claim nothing. */
  private void mirrorPod(AdmissionRequest request, String node) {
    ObjectNode pod = request.object();
    String who = quoted(node);
    require(
        request,
        Meta.annotations(pod).containsKey(MIRROR),
        "pod does not have \"%s\" annotation, node %s can only create mirror pods"
            .formatted(MIRROR, who));
    require(
        request,
        isBoundTo(pod, node),
        "node %s can only create pods with spec.nodeName set to itself".formatted(who));
    JsonNode owners = pod.path("metadata").path("ownerReferences");
    JsonNode owner = owners.path(0);
    require(
        request,
        owners.size() <= 1,
        "node %s can only create pods with a single owner reference set to itself".formatted(who));
    ObjectNode self = lister.get(ResourceTable.NODES.type(), "", node);
    require(
        request,
        owners.size() == 1
            && owner.path("apiVersion").asText().equals("v1")
            && owner.path("kind").asText().equals("Node")
            && owner.path("name").asText().equals(node),
        "node %s can only create pods with an owner reference set to itself".formatted(who));
    require(
        request,
        owner.path("controller").asBoolean(),
        "node %s can only create pods with a controller owner reference set to itself"
            .formatted(who));
    require(
        request,
        !owner.path("blockOwnerDeletion").asBoolean(),
        "node %s must not set blockOwnerDeletion on an owner reference".formatted(who));
    require(
        request,
        self != null && owner.path("uid").asText().equals(Meta.uid(self)),
        "node %s UID mismatch".formatted(node));
    require(
        request,
        claimsNothing(pod),
        "node %s can not create pods that reference %s".formatted(who, claims(pod)));
  }

  private static boolean claimsNothing(ObjectNode pod) {
    return claims(pod).isEmpty();
  }

  /** Returns what the pod refers to of others' objects, as a refusal names it. */
  private static String claims(ObjectNode pod) {
    for (PodReferences.Kind kind : PodReferences.kinds(pod)) {
      return switch (kind) {
        case SERVICE_ACCOUNT -> "a service account";
        case SECRET -> "secrets";
        case CONFIG_MAP -> "configmaps";
        case CLAIM -> "persistentvolumeclaims";
      };
    }
    if (!pod.path("spec").path("resourceClaims").isEmpty()) {
      return "resourceclaims";
    }
    for (JsonNode volume : pod.path("spec").path("volumes")) {
      for (JsonNode source : volume.path("projected").path("sources")) {
        if (source.has("serviceAccountToken")) {
          return "service account tokens";
        }
        if (source.has("clusterTrustBundle")) {
          return "clustertrustbundles";
        }
      }
    }
    return "";
  }

  private static void podStatus(AdmissionRequest request, String node) {
    if (request.operation() != Operation.UPDATE) {
      throw refuse(request, "unexpected operation \"" + request.operation() + "\"");
    }
    require(
        request,
        isBoundTo(request.old(), node),
        "node %s can only update pod status for pods with spec.nodeName set to itself"
            .formatted(quoted(node)));
    require(
        request,
        Meta.labels(request.old()).equals(Meta.labels(request.object())),
        "node %s cannot update labels through pod status".formatted(quoted(node)));
    require(
        request,
        orMissing(request.old().path("status").path("resourceClaimStatuses"))
            .equals(orMissing(request.object().path("status").path("resourceClaimStatuses"))),
        "node %s cannot update resource claim statues".formatted(quoted(node)));
  }

  private static void node(AdmissionRequest request, String node) {
    String name =
        request.name().isEmpty() && request.object() != null
            ? Meta.name(request.object())
            : request.name();
    require(
        request,
        name.equals(node),
        "node %s is not allowed to modify node %s".formatted(quoted(node), quoted(name)));
    switch (request.operation()) {
      case CREATE -> {
        require(
            request,
            request.object().path("spec").path("configSource").isMissingNode(),
            "node %s is not allowed to create pods with a non-nil configSource"
                .formatted(quoted(node)));
        Set<String> forbidden = forbiddenLabels(Map.of(), Meta.labels(request.object()));
        require(
            request,
            forbidden.isEmpty(),
            "node %s is not allowed to set the following labels: %s"
                .formatted(quoted(node), String.join(", ", forbidden)));
      }
      case UPDATE -> {
        JsonNode source = request.object().path("spec").path("configSource");
        require(
            request,
            source.isMissingNode()
                || source.equals(request.old().path("spec").path("configSource")),
            "node %s is not allowed to update configSource to a new non-nil configSource"
                .formatted(quoted(node)));
        require(
            request,
            taints(request.object()).equals(taints(request.old())),
            "node %s is not allowed to modify taints".formatted(quoted(node)));
        // The garbage collector would take an owner's absence for a reason to delete the node,
        // and with it its taints and labels (CVE-2025-5187).
        require(
            request,
            owners(request.object()).equals(owners(request.old())),
            "node %s is not allowed to modify ownerReferences".formatted(quoted(node)));
        // The keys that it showed when it joined: whoever takes a node over later gets no tunnel.
        require(
            request,
            hostKeys(request.object()).equals(hostKeys(request.old())),
            "node %s is not allowed to modify annotation %s"
                .formatted(quoted(node), SshTunnels.HOST_KEYS));
        Set<String> forbidden =
            forbiddenLabels(Meta.labels(request.old()), Meta.labels(request.object()));
        require(
            request,
            forbidden.isEmpty(),
            "is not allowed to modify labels: %s".formatted(String.join(", ", forbidden)));
      }
      case DELETE, CONNECT -> {}
    }
  }

  /** Returns the changed labels that would let a node draw other workloads to itself. */
  private static Set<String> forbiddenLabels(Map<String, String> old, Map<String, String> now) {
    Set<String> keys = new TreeSet<>(old.keySet());
    keys.addAll(now.keySet());
    keys.removeIf(key -> java.util.Objects.equals(old.get(key), now.get(key)));
    keys.removeIf(key -> !isForbidden(key));
    return keys;
  }

  private static boolean isForbidden(String key) {
    int slash = key.indexOf('/');
    String prefix = slash < 0 ? "" : key.substring(0, slash);
    if (isUnder(prefix, RESTRICTED)) {
      return true;
    }
    boolean kubernetes = isUnder(prefix, "kubernetes.io") || isUnder(prefix, "k8s.io");
    return kubernetes
        && !KUBELET_LABELS.contains(key)
        && !isUnder(prefix, "kubelet.kubernetes.io")
        && !isUnder(prefix, "node.kubernetes.io");
  }

  private static boolean isUnder(String prefix, String domain) {
    return prefix.equals(domain) || prefix.endsWith("." + domain);
  }

  private static JsonNode taints(ObjectNode node) {
    return orMissing(node.path("spec").path("taints"));
  }

  private static String hostKeys(ObjectNode node) {
    return Meta.annotations(node).getOrDefault(SshTunnels.HOST_KEYS, "");
  }

  private static JsonNode owners(ObjectNode node) {
    return orMissing(node.path("metadata").path("ownerReferences"));
  }

  /** An empty list and none are the same. */
  private static JsonNode orMissing(JsonNode list) {
    return list.isEmpty() ? MissingNode.getInstance() : list;
  }

  private static boolean isBoundTo(ObjectNode pod, String node) {
    return pod.path("spec").path("nodeName").asText("").equals(node);
  }

  private static String quoted(String name) {
    return '"' + name + '"';
  }

  private static void require(AdmissionRequest request, boolean holds, String otherwise) {
    if (!holds) {
      throw refuse(request, otherwise);
    }
  }

  private static RuntimeException refuse(AdmissionRequest request, String why) {
    return Status.forbidden(request.type(), request.name(), why).toException();
  }
}
