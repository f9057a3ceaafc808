package io.hubspoke.controllermanager.certificates;

import io.hubspoke.pki.Csr;
import java.util.Optional;

/** Decides on the requests for one signer, and leaves the others. */
public abstract class Approver {
  private final SignerName signer;

  Approver(SignerName signer) {
    this.signer = signer;
  }

  /** Decides by the rules of the signer first: what it never signs needs no approval; may wait. */
  final Decision decide(Request request) {
    if (!request.signer().equals(Optional.of(signer))) {
      return new Decision.Leave();
    }
    Csr csr;
    try {
      csr = request.csr();
    } catch (IllegalArgumentException e) {
      return invalid(e.getMessage());
    }
    var refusal = signer.refusal(csr, request.usages());
    return refusal.isPresent() ? invalid(refusal.get()) : decide(request, csr);
  }

  /** Decides on a request that the signer would sign. */
  abstract Decision decide(Request request, Csr csr);

  private static Decision invalid(String message) {
    return new Decision.Deny("SignerValidationFailure", message);
  }
}
