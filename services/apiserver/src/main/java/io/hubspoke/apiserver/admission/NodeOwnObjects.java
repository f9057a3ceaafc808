package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.admission.AdmissionRequest.Operation;
import io.hubspoke.pki.Csr;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/**
 * Holds a node to its own lease and CSINode, to certificates in its own name, and to what it has to
 * say of its pods' claims (the lesser half of NodeRestriction).
 */
final class NodeOwnObjects {
  private static final String LEASE_NAMESPACE = "kube-node-lease";
  private static final Set<String> NODE_SIGNERS =
      Set.of("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet");

  /** What a kubelet reports of a claim, above all while it grows. */
  private static final List<String> CLAIM_STATUS =
      List.of("capacity", "conditions", "allocatedResources", "allocatedResourceStatuses");

  private NodeOwnObjects() {}

  static void lease(AdmissionRequest request, String node) {
    if (!request.namespace().equals(LEASE_NAMESPACE)) {
      throw refuse(
          request,
          "can only access leases in the \"%s\" system namespace".formatted(LEASE_NAMESPACE));
    }
    if (!name(request).equals(node)) {
      throw refuse(request, "can only access node lease with the same name as the requesting node");
    }
  }

  static void csiNode(AdmissionRequest request, String node) {
    if (!name(request).equals(node)) {
      throw refuse(request, "can only access CSINode with the same name as the requesting node");
    }
  }

  static void claim(AdmissionRequest request, String node) {
    if (!request.subresource().equals("status")) {
      throw refuse(request, "may only update PVC status");
    }
    if (request.operation() != Operation.UPDATE) {
      throw refuse(request, "unexpected operation \"" + request.operation() + "\"");
    }
    if (!comparable(request.object()).equals(comparable(request.old()))) {
      throw refuse(
          request,
          ("node \"%s\" is not allowed to update fields other than status.capacity and"
                  + " status.conditions")
              .formatted(node));
    }
  }

  /** A certificate in another node's name would make it that node. */
  static void certificate(AdmissionRequest request) {
    JsonNode spec =
        request.operation() == Operation.CREATE && request.subresource().isEmpty()
            ? request.object().path("spec")
            : null;
    if (spec == null || !NODE_SIGNERS.contains(spec.path("signerName").asText(""))) {
      return;
    }
    String name;
    try {
      byte[] pem = Base64.getDecoder().decode(spec.path("request").asText("").strip());
      name = Csr.parse(new String(pem, StandardCharsets.US_ASCII)).subject().commonName();
    } catch (IllegalArgumentException e) {
      throw refuse(request, "unable to parse csr: " + e.getMessage());
    }
    if (!request.user().name().equals(name)) {
      throw refuse(request, "can only create a node CSR with CN=" + request.user().name());
    }
  }

  private static ObjectNode comparable(ObjectNode claim) {
    ObjectNode copy = claim.deepCopy();
    Meta.of(copy).remove(List.of("resourceVersion", "managedFields"));
    if (copy.get("status") instanceof ObjectNode status) {
      status.remove(CLAIM_STATUS);
      if (status.isEmpty()) {
        copy.remove("status");
      }
    }
    return copy;
  }

  private static String name(AdmissionRequest request) {
    return request.operation() == Operation.CREATE ? Meta.name(request.object()) : request.name();
  }

  private static RuntimeException refuse(AdmissionRequest request, String why) {
    return Status.forbidden(request.type(), request.name(), why).toException();
  }
}
