package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.authz.Attributes;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.http.FieldTerms;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.resources.ResourceTable;

/**
 * Asks whether a user may act for a signer: by its name, or by {@code <domain>/*} for all signers
 * of a domain ("Certificates and Certificate Signing Requests", authorization).
 */
record SignerPermission(Authorizer authorizer, String verb) {

  /** Throws 403 when the user may not. */
  void require(AdmissionRequest request) {
    ObjectNode csr = request.old();
    String signer = csr.path("spec").path("signerName").asText("");
    int slash = signer.indexOf('/');
    String wholeDomain = signer.substring(0, Math.max(slash, 0)) + "/*";
    if (!allows(request.user(), signer) && !allows(request.user(), wholeDomain)) {
      throw Status.forbidden(
              request.type(),
              request.name(),
              "user not permitted to %s requests with signerName \"%s\"".formatted(verb, signer))
          .toException();
    }
  }

  /** Returns whether it is this subresource of a certificate signing request that is written. */
  static boolean concerns(AdmissionRequest request, String subresource) {
    return request.type().equals(ResourceTable.CERTIFICATE_SIGNING_REQUESTS.type())
        && request.operation() == AdmissionRequest.Operation.UPDATE
        && request.subresource().equals(subresource);
  }

  private boolean allows(User user, String signer) {
    return authorizer
        .authorize(
            new Attributes(
                user,
                verb,
                true,
                "certificates.k8s.io",
                "*",
                "signers",
                "",
                "",
                signer,
                "",
                FieldTerms.of("")))
        .allowed();
  }
}
