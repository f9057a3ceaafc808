package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.Node;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.pki.Csr;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;

/**
 * Approves client certificates of kubelets whose requester the apiserver authorizes: for {@code
 * selfnodeclient} when a node renews its own, for {@code nodeclient} otherwise ("TLS
 * bootstrapping", "Approval").
 *
 * <p>Kubernetes approves so also the key of a newcomer that takes the name of a node that is there.
 * Here such a request is left to an administrator: the node's own kubelet renews by its own
 * certificate, so whoever comes with a bootstrap token alone is another, or has lost its key. Of
 * several newcomers of one name the first is let in, and the others are left just so.
 *
 * <p>Kubernetes leaves all others pending. Those that no signer would ever sign, and those in which
 * a node asks for another node's name without leave, are denied here, so that they say why.
 */
public final class KubeletClientApprover extends Approver implements Informer.Handler<Node> {
  private static final String NAME_CONFLICT = "NodeNameConflict";

  private final AccessReviews reviews;
  private final Function<String, Optional<Node>> nodes;
  private final Newcomers newcomers = new Newcomers(System::nanoTime, Clock.systemUTC());

  /**
   * Makes an approver.
   *
   * @param nodes gives the node of a name as it is now; may wait
   */
  public KubeletClientApprover(AccessReviews reviews, Function<String, Optional<Node>> nodes) {
    super(SignerName.KUBELET_CLIENT);
    this.reviews = reviews;
    this.nodes = nodes;
  }

  @Override
  Decision decide(Request request, Csr csr) {
    var own = request.username().equals(csr.subject().commonName());
    if (own && reviews.mayCreate(request, "selfnodeclient")) {
      return new Decision.Approve(
          "Auto approving self kubelet client certificate after SubjectAccessReview.");
    }
    if (reviews.mayCreate(request, "nodeclient")) {
      var node = csr.subject().commonName().substring(SignerName.NODE_USER_PREFIX.length());
      if (!own && nodes.apply(node).filter(KubeletClientApprover::hasJoined).isPresent()) {
        newcomers.joined(node);
        return new Decision.Hold(NAME_CONFLICT, "NodeExists", conflict(request, node));
      }
      if (!own && !newcomers.isFirst(node, csr.publicKey())) {
        return new Decision.Hold(NAME_CONFLICT, "AnotherJoins", anotherJoins(request, node));
      }
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

  @Override
  public void added(Item<Node> node) {
    heardOf(node.object());
  }

  @Override
  public void updated(Item<Node> before, Item<Node> now) {
    heardOf(now.object());
  }

  @Override
  public void deleted(Item<Node> last) {}

  private void heardOf(Node node) {
    if (hasJoined(node)) {
      var metadata = node.getMetadata();
      newcomers.joined(metadata.getName(), Instant.parse(metadata.getCreationTimestamp()));
    }
  }

  /** A node that was only written down by an administrator waits for its kubelet. */
  private static boolean hasJoined(Node node) {
    var status = node.getStatus();
    return status != null
        && status.getNodeInfo() != null
        && status.getNodeInfo().getKubeletVersion() != null
        && !status.getNodeInfo().getKubeletVersion().isEmpty();
  }

  private static String anotherJoins(Request request, String node) {
    return ("another machine asked for the name \"%1$s\" first and is joining; to let this one in,"
            + " run \"kubectl certificate approve %2$s\"; otherwise give this machine another"
            + " name")
        .formatted(node, request.name());
  }

  private static String conflict(Request request, String node) {
    return ("node \"%1$s\" is in the cluster already and this request has another key than its"
            + " kubelet; to let this one in, run \"kubectl certificate approve %2$s\", or"
            + " \"kubectl delete node %1$s\" when the old one is gone; otherwise give this machine"
            + " another name")
        .formatted(node, request.name());
  }
}
