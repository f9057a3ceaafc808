package io.hubspoke.apiserver.admission;

import io.hubspoke.apiserver.authz.Authorizer;

/**
 * Lets only those put a certificate into a request's status who may {@code sign} for its signer.
 */
public final class CertificateSigning implements Admission {
  private final SignerPermission permission;

  public CertificateSigning(Authorizer authorizer) {
    this.permission = new SignerPermission(authorizer, "sign");
  }

  @Override
  public void admit(AdmissionRequest request) {
    if (SignerPermission.concerns(request, "status")
        && (changes(request, "certificate") || changes(request, "conditions"))) {
      permission.require(request);
    }
  }

  private static boolean changes(AdmissionRequest request, String field) {
    var before = request.old().path("status").path(field);
    var now = request.object().path("status").path(field);
    return !(before.equals(now) || (isNothing(before) && isNothing(now)));
  }

  private static boolean isNothing(com.fasterxml.jackson.databind.JsonNode value) {
    return value.isNull() || (value.isEmpty() && value.asText("").isEmpty());
  }
}
