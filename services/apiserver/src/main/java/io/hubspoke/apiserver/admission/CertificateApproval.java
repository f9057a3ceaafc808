package io.hubspoke.apiserver.admission;

import io.hubspoke.apiserver.authz.Authorizer;

/** Lets only those decide about a certificate request who may {@code approve} for its signer. */
public final class CertificateApproval implements Admission {
  private final SignerPermission permission;

  public CertificateApproval(Authorizer authorizer) {
    this.permission = new SignerPermission(authorizer, "approve");
  }

  @Override
  public void admit(AdmissionRequest request) {
    if (SignerPermission.concerns(request, "approval")) {
      permission.require(request);
    }
  }
}
