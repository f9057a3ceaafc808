package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.http.FieldTerms;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;

/**
 * Lets a kubelet have tokens of service accounts for the pods it runs alone: each bound to a pod
 * that is on the node, and for an audience that the pod asks for.
 */
final class NodeTokenRestriction {
  private static final String AUDIENCE_VERB = "request-serviceaccounts-token-audience";

  private final Lister lister;
  private final Authorizer authorizer;

  NodeTokenRestriction(Lister lister, Authorizer authorizer) {
    this.lister = lister;
    this.authorizer = authorizer;
  }

  void admit(AdmissionRequest request, String node) {
    if (!request.subresource().equals("token")
        || request.operation() != AdmissionRequest.Operation.CREATE) {
      return;
    }
    JsonNode ref = request.object().path("spec").path("boundObjectRef");
    String name = ref.path("name").asText("");
    require(
        request,
        ref.path("apiVersion").asText("").equals("v1")
            && ref.path("kind").asText("").equals("Pod")
            && !name.isEmpty(),
        "node requested token not bound to a pod");
    String uid = ref.path("uid").asText("");
    require(request, !uid.isEmpty(), "node requested token with a pod binding without a uid");
    ObjectNode pod = lister.need(ResourceTable.PODS.type(), request.namespace(), name);
    require(
        request,
        uid.equals(Meta.uid(pod)),
        ("the UID in the bound object reference (%s) does not match the UID in record. The object"
                + " might have been deleted and then recreated")
            .formatted(uid));
    require(
        request,
        pod.path("spec").path("nodeName").asText("").equals(node),
        "node requested token bound to a pod scheduled on a different node");
    audience(request, pod);
  }

  private void audience(AdmissionRequest request, ObjectNode pod) {
    JsonNode audiences = request.object().path("spec").path("audiences");
    require(request, audiences.size() <= 1, "node may only request 0 or 1 audiences");
    String audience = audiences.path(0).asText("");
    if (!audience.isEmpty() && !asksFor(pod, audience) && !mayAskFor(request, audience)) {
      throw refuse(request, "audience \"" + audience + "\" not found in pod spec volume");
    }
  }

  private static boolean asksFor(ObjectNode pod, String audience) {
    for (JsonNode volume : pod.path("spec").path("volumes")) {
      for (JsonNode source : volume.path("projected").path("sources")) {
        if (source.path("serviceAccountToken").path("audience").asText("").equals(audience)) {
          return true;
        }
      }
    }
    return false;
  }

  /** The administrator may have given nodes an audience by a role. */
  private boolean mayAskFor(AdmissionRequest request, String audience) {
    return authorizer
        .authorize(
            new Attributes(
                request.user(),
                AUDIENCE_VERB,
                true,
                "",
                "",
                audience,
                "",
                request.namespace(),
                request.name(),
                "",
                FieldTerms.of(null)))
        .allowed();
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
