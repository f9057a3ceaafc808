package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.api.AddressRange;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How the packet filter is programmed; what is empty is left at what Kubernetes does.
 *
 * @param table the name of the table, which several proxies in one network namespace tell apart
 * @param ipv6 whether to have a table for IPv6 as well
 * @param clusterCidrs where pods are: what others send to services gets the node's address, {@code
 *     --cluster-cidr}
 * @param masqueradeAll whether whatever is sent to services gets it, {@code --masquerade-all}
 * @param masqueradeBit the bit of a packet's mark that says so, {@code --iptables-masquerade-bit}
 * @param nodePortAddresses ranges of those of the node's addresses that have node ports, {@code
 *     --nodeport-addresses}; when there is no such list, all have but loopback
 * @param prefix what runs a command in another network namespace, such as {@code ip netns exec X}
 */
public record NftablesOptions(
    String table,
    boolean ipv6,
    List<AddressRange> clusterCidrs,
    boolean masqueradeAll,
    int masqueradeBit,
    Optional<List<AddressRange>> nodePortAddresses,
    List<String> prefix) {
  private static final String PRIMARY = "primary";
  private static final Pattern TABLE_NAME = Pattern.compile("[a-z][a-z0-9-]{0,63}");

  /** Those of a kube-proxy that was told nothing. */
  public static final NftablesOptions DEFAULTS =
      new NftablesOptions("kube-proxy", false, List.of(), false, 14, Optional.empty(), List.of());

  public NftablesOptions {
    if (!TABLE_NAME.matcher(table).matches()) {
      throw new IllegalArgumentException("\"" + table + "\" is no name of a table");
    }
    if (masqueradeBit < 0 || masqueradeBit > 31) {
      throw new IllegalArgumentException(
          "masqueradeBit: " + masqueradeBit + " is not between 0 and 31");
    }
    clusterCidrs = List.copyOf(clusterCidrs);
    nodePortAddresses = nodePortAddresses.map(List::copyOf);
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
        table, ipv6, clusterCidrs, masqueradeAll, masqueradeBit, Optional.of(ranges), prefix);
  }

  public NftablesOptions withPrefix(List<String> command) {
    return new NftablesOptions(
        table, ipv6, clusterCidrs, masqueradeAll, masqueradeBit, nodePortAddresses, command);
  }

  /**
   * Returns those that a kube-proxy's own options ask for.
   *
   * @param nodeAddresses where node ports are if nothing else is asked for: as the real one does in
   *     this mode
   */
  static NftablesOptions of(KubeProxyOptions options, List<InetAddress> nodeAddresses) {
    boolean primary = options.nodePortAddresses().stream().allMatch(PRIMARY::equals);
    List<AddressRange> nodePorts =
        primary
            ? nodeAddresses.stream()
                .map(address -> new AddressRange(address, address.getAddress().length * 8))
                .toList()
            : options.nodePortAddresses().stream().map(AddressRange::parse).toList();
    List<AddressRange> pods =
        Stream.of(options.clusterCidr().split(",", -1))
            .map(String::strip)
            .filter(range -> !range.isEmpty())
            .map(AddressRange::parse)
            .toList();
    return DEFAULTS
        .withClusterCidrs(pods)
        .withNodePortAddresses(nodePorts)
        .withMasqueradeAll(options.filter().masqueradeAll())
        .withMasqueradeBit(options.filter().masqueradeBit());
  }

  List<Family> families() {
    return ipv6 ? List.of(Family.IPV4, Family.IPV6) : List.of(Family.IPV4);
  }
}
