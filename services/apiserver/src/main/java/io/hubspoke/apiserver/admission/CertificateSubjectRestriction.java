package io.hubspoke.apiserver.admission;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.pki.Csr;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Refuses requests for a client certificate in the group {@code system:masters}, which no
 * authorizer could hold back ("CertificateSubjectRestriction").
 */
public final class CertificateSubjectRestriction implements Admission {
  private static final String CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";
  private static final String MASTERS = "system:masters";

  @Override
  public void admit(AdmissionRequest request) {
    if (!request.type().equals(ResourceTable.CERTIFICATE_SIGNING_REQUESTS.type())
        || request.operation() != AdmissionRequest.Operation.CREATE
        || !request.subresource().isEmpty()) {
      return;
    }
    var spec = request.object().path("spec");
    if (!spec.path("signerName").asText("").equals(CLIENT_SIGNER)) {
      return;
    }
    if (parse(request, spec.path("request").asText(""))
        .subject()
        .organizations()
        .contains(MASTERS)) {
      throw refuse(
          request, "use of " + CLIENT_SIGNER + " signer with " + MASTERS + " group is not allowed");
    }
  }

  private static Csr parse(AdmissionRequest request, String encoded) {
    try {
      return Csr.parse(
          new String(Base64.getDecoder().decode(encoded.strip()), StandardCharsets.US_ASCII));
    } catch (IllegalArgumentException e) {
      throw refuse(request, "failed to parse CSR: " + e.getMessage());
    }
  }

  private static RuntimeException refuse(AdmissionRequest request, String why) {
    return Status.forbidden(request.type(), request.name(), why).toException();
  }
}
