package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.api.AddressRange;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How the packet filter is programmed; what is empty is left at what Kubernetes does.
 *
 * @param table the name of the table, which several proxies in one network namespace tell apart
 * @param ipv6 whether to have a table for IPv6 as well
 * @param clusterCidrs where pods are: what others send to services gets the node's address, {@code
 *     --cluster-cidr}
 * @param masqueradeAll whether whatever is sent to services gets it, {@code --masquerade-all}
 * @param masqueradeBit the bit of a packet's mark that says so, {@code --iptables-masquerade-bit}
 * @param nodePortAddresses ranges of the node's addresses that have node ports, {@code
 *     --nodeport-addresses}; all but loopback when empty
 * @param prefix what runs a command in another network namespace, such as {@code ip netns exec X}
 */
public record NftablesOptions(
    String table,
    boolean ipv6,
    List<AddressRange> clusterCidrs,
    boolean masqueradeAll,
    int masqueradeBit,
    List<AddressRange> nodePortAddresses,
    List<String> prefix) {
  private static final Pattern TABLE_NAME = Pattern.compile("[a-z][a-z0-9-]{0,63}");

  /** Those of a kube-proxy that was told nothing. */
  public static final NftablesOptions DEFAULTS =
      new NftablesOptions("kube-proxy", false, List.of(), false, 14, List.of(), List.of());

  public NftablesOptions {
    if (!TABLE_NAME.matcher(table).matches()) {
      throw new IllegalArgumentException("\"" + table + "\" is no name of a table");
    }
    if (masqueradeBit < 0 || masqueradeBit > 31) {
      throw new IllegalArgumentException(
          "masqueradeBit: " + masqueradeBit + " is not between 0 and 31");
    }
    clusterCidrs = List.copyOf(clusterCidrs);
    nodePortAddresses = List.copyOf(nodePortAddresses);
    prefix = List.copyOf(prefix);
  }

  public NftablesOptions withTable(String name) {
    return new NftablesOptions(
        name, ipv6, clusterCidrs, masqueradeAll, masqueradeBit, nodePortAddresses, prefix);
  }

  public NftablesOptions withIpv6(boolean too) {
    return new NftablesOptions(
        table, too, clusterCidrs, masqueradeAll, masqueradeBit, nodePortAddresses, prefix);
  }

  public NftablesOptions withClusterCidrs(List<AddressRange> ranges) {
    return new NftablesOptions(
        table, ipv6, ranges, masqueradeAll, masqueradeBit, nodePortAddresses, prefix);
  }

  public NftablesOptions withMasqueradeAll(boolean all) {
    return new NftablesOptions(
        table, ipv6, clusterCidrs, all, masqueradeBit, nodePortAddresses, prefix);
  }

  public NftablesOptions withMasqueradeBit(int bit) {
    return new NftablesOptions(
        table, ipv6, clusterCidrs, masqueradeAll, bit, nodePortAddresses, prefix);
  }

  public NftablesOptions withNodePortAddresses(List<AddressRange> ranges) {
    return new NftablesOptions(
        table, ipv6, clusterCidrs, masqueradeAll, masqueradeBit, ranges, prefix);
  }

  public NftablesOptions withPrefix(List<String> command) {
    return new NftablesOptions(
        table, ipv6, clusterCidrs, masqueradeAll, masqueradeBit, nodePortAddresses, command);
  }

  List<Family> families() {
    return ipv6 ? List.of(Family.IPV4, Family.IPV6) : List.of(Family.IPV4);
  }
}
