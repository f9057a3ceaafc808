package io.hubspoke.controllermanager.certificates;

import io.hubspoke.pki.Csr;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Approves serving certificates that a node asks for itself, for its own name and addresses alone.
 *
 * <p>Hubspoke's own, and off unless asked for: Kubernetes leaves these requests to an
 * administrator, because what a Node object says of its addresses is what the kubelet wrote there.
 * So an address is a node's own only if it lies where the operator says that nodes are, if no other
 * node was there first, and if it isn't the apiserver's; and of DNS names only the node's name is.
 */
public final class KubeletServingApprover extends Approver {
  /** How long a request may wait for its node to register and to report addresses. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final NodeAddressClaims claims;
  private final KubeletServingRanges ranges;
  private final Supplier<Set<InetAddress>> apiserver;
  private final Clock clock;

  /**
   * @param apiserver tells where the apiserver is found; may wait; none while it isn't known
   */
  public KubeletServingApprover(
      NodeAddressClaims claims,
      KubeletServingRanges ranges,
      Supplier<Set<InetAddress>> apiserver,
      Clock clock) {
    super(SignerName.KUBELET_SERVING);
    this.claims = claims;
    this.ranges = ranges;
    this.apiserver = apiserver;
    this.clock = clock;
  }

  @Override
  Decision decide(Request request, Csr csr) {
    var user = csr.subject().commonName();
    if (!request.username().equals(user) || !request.groups().contains(SignerName.NODES_GROUP)) {
      return new Decision.Deny(
          "NotOwnName", request.username() + " may not request the name " + user);
    }
    var node = user.substring(SignerName.NODE_USER_PREFIX.length());
    for (var name : csr.altNames().dnsNames()) {
      if (!name.equals(node)) {
        return foreign("DNS name " + name + " is not one of node " + node);
      }
      if (belongsToTheCluster(name)) {
        return foreign("DNS name " + name + " is no node's, whatever the node is called");
      }
    }
    return addresses(request, csr, node);
  }

  private Decision addresses(Request request, Csr csr, String node) {
    if (!claims.areComplete()) {
      return new Decision.Later("the nodes are not known yet");
    }
    var reported = claims.of(node);
    if (reported.isEmpty()) {
      var missing =
          claims.knows(node)
              ? "node " + node + " reports no addresses"
              : "there is no node " + node;
      return clock.instant().isBefore(request.created().plus(PATIENCE))
          ? new Decision.Later(missing)
          : new Decision.Deny("NodeUnknown", missing);
    }
    var ips = csr.altNames().ipAddresses();
    Set<InetAddress> taken = ips.isEmpty() ? Set.of() : apiserver.get();
    if (!ips.isEmpty() && taken.isEmpty()) {
      return new Decision.Later("the addresses of service kubernetes are not known yet");
    }
    // After the wait, so that a claim that came meanwhile counts.
    for (var ip : ips) {
      var refusal = refusal(node, ip, taken);
      if (refusal.isPresent()) {
        return foreign("IP address " + ip.getHostAddress() + " " + refusal.get());
      }
    }
    return new Decision.Approve(
        "Auto approving kubelet serving certificate: every name is node " + node + "'s own.");
  }

  private Optional<String> refusal(String node, InetAddress ip, Set<InetAddress> apiserver) {
    if (!claims.of(node).contains(ip)) {
      return Optional.of("is not one of node " + node);
    }
    if (apiserver.contains(ip)) {
      return Optional.of("is the apiserver's");
    }
    return ranges
        .refusal(ip)
        .or(() -> claims.rival(node, ip).map(rival -> "is claimed by node " + rival + " too"));
  }

  /** A node may call itself what it likes when it joins; some names clients take for others. */
  private static boolean belongsToTheCluster(String name) {
    return name.equals("localhost")
        || name.equals("kubernetes")
        || name.equals("kubernetes.default")
        || name.endsWith(".svc")
        || name.contains(".svc.")
        || name.contains("*");
  }

  private static Decision foreign(String message) {
    return new Decision.Deny("ForeignName", message);
  }
}
