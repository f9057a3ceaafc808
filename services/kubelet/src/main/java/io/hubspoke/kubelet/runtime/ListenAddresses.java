package io.hubspoke.kubelet.runtime;

/**
 * Where the programs of pods listen: on the addresses that their pods have, or on others, where
 * something on the way relays the former to the latter, as the wire of a lab does.
 */
public final class ListenAddresses {
  /** Programs listen where their pods are said to be. */
  public static final ListenAddresses SAME = new ListenAddresses(null, "", "");

  private final Ipv4Range pods;
  private final String nodeIp;
  private final String nodeAddress;

  private ListenAddresses(Ipv4Range pods, String nodeIp, String nodeAddress) {
    this.pods = pods;
    this.nodeIp = nodeIp;
    this.nodeAddress = nodeAddress;
  }

  /**
   * Moves pods to the same places of another range, and those on the host's network to where the
   * node listens itself.
   *
   * @throws IllegalArgumentException when the range is none
   */
  public static ListenAddresses in(String cidr, String nodeIp, String nodeAddress) {
    return new ListenAddresses(Ipv4Range.parse(cidr), nodeIp, nodeAddress);
  }

  /** Returns where programs of a pod with this address listen. */
  String of(String ip) {
    if (pods == null) {
      return ip;
    }
    return ip.equals(nodeIp) ? nodeAddress : pods.counterpart(ip);
  }
}
