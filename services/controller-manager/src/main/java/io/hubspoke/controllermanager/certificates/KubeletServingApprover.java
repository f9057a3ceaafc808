package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.hubspoke.pki.Csr;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Approves serving certificates that a node asks for itself, for its own name and addresses alone.
 *
 * <p>Hubspoke's own, and off unless asked for: Kubernetes leaves these requests to an
 * administrator, because it has nothing to check the addresses against but what the node says of
 * itself in its Node object.
 */
public final class KubeletServingApprover implements CsrApprovingController.Approver {
  /** How long a request may wait for its node to register and to report addresses. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Function<String, Node> nodes;
  private final Clock clock;

  /**
   * @param nodes finds a node by its name; null when there is none
   */
  public KubeletServingApprover(Function<String, Node> nodes, Clock clock) {
    this.nodes = nodes;
    this.clock = clock;
  }

  @Override
  public Decision decide(Request request) {
    if (!request.signer().equals(Optional.of(SignerName.KUBELET_SERVING))) {
      return new Decision.Leave();
    }
    Csr csr;
    try {
      csr = request.csr();
    } catch (IllegalArgumentException e) {
      return new Decision.Deny("SignerValidationFailure", e.getMessage());
    }
    var refusal = SignerName.KUBELET_SERVING.refusal(csr, request.usages());
    if (refusal.isPresent()) {
      return new Decision.Deny("SignerValidationFailure", refusal.get());
    }
    var user = csr.subject().commonName();
    if (!request.username().equals(user) || !request.groups().contains(SignerName.NODES_GROUP)) {
      return new Decision.Deny(
          "NotOwnName", request.username() + " may not request the name " + user);
    }
    return againstNode(request, csr, user.substring(SignerName.NODE_USER_PREFIX.length()));
  }

  private Decision againstNode(Request request, Csr csr, String name) {
    var node = nodes.apply(name);
    var addresses = addresses(node);
    if (addresses.isEmpty()) {
      var missing =
          node == null ? "there is no node " + name : "node " + name + " reports no addresses";
      return clock.instant().isBefore(request.created().plus(PATIENCE))
          ? new Decision.Later(missing)
          : new Decision.Deny("NodeUnknown", missing);
    }
    Set<String> dnsNames = new HashSet<>(Set.of(name));
    Set<InetAddress> ips = new HashSet<>();
    for (var address : addresses) {
      switch (address.getType()) {
        case "Hostname", "InternalDNS", "ExternalDNS" -> dnsNames.add(address.getAddress());
        case "InternalIP", "ExternalIP" -> literal(address.getAddress()).ifPresent(ips::add);
        default -> {}
      }
    }
    for (var dnsName : csr.altNames().dnsNames()) {
      if (!dnsNames.contains(dnsName)) {
        return foreign("DNS name " + dnsName, name);
      }
    }
    for (var ip : csr.altNames().ipAddresses()) {
      if (!ips.contains(ip)) {
        return foreign("IP address " + ip.getHostAddress(), name);
      }
    }
    return new Decision.Approve(
        "Auto approving kubelet serving certificate: every name is node " + name + "'s own.");
  }

  /** What a node reports as its address is anything until it is checked. */
  private static Optional<InetAddress> literal(String address) {
    try {
      return Optional.of(InetAddress.ofLiteral(address));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Decision foreign(String what, String node) {
    return new Decision.Deny("ForeignName", what + " is not one of node " + node);
  }

  private static List<NodeAddress> addresses(Node node) {
    return node == null || node.getStatus() == null || node.getStatus().getAddresses() == null
        ? List.of()
        : node.getStatus().getAddresses();
  }
}
