package io.hubspoke.controllermanager.certificates;

import io.hubspoke.pki.Csr;

/**
 * Approves client certificates of kubelets whose requester the apiserver authorizes: for {@code
 * selfnodeclient} when a node renews its own, for {@code nodeclient} otherwise ("TLS
 * bootstrapping", "Approval").
 *
 * <p>Kubernetes leaves all others pending. Those that no signer would ever sign, and those in which
 * a node asks for another node's name without leave, are denied here, so that they say why.
 */
public final class KubeletClientApprover extends Approver {
  private final AccessReviews reviews;

  public KubeletClientApprover(AccessReviews reviews) {
    super(SignerName.KUBELET_CLIENT);
    this.reviews = reviews;
  }

  @Override
  Decision decide(Request request, Csr csr) {
    var own = request.username().equals(csr.subject().commonName());
    if (own && reviews.mayCreate(request, "selfnodeclient")) {
      return new Decision.Approve(
          "Auto approving self kubelet client certificate after SubjectAccessReview.");
    }
    if (reviews.mayCreate(request, "nodeclient")) {
      return new Decision.Approve(
          "Auto approving kubelet client certificate after SubjectAccessReview.");
    }
    if (!own && request.groups().contains(SignerName.NODES_GROUP)) {
      return new Decision.Deny(
          "NotOwnName",
          request.username() + " may not request the name " + csr.subject().commonName());
    }
    return new Decision.Leave();
  }
}
