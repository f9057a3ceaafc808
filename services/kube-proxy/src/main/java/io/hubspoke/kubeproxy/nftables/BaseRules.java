package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.api.AddressRange;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What the table contains whatever services there are; its chains have the names that are usual.
 */
final class BaseRules {
  static final String MARK = "mark-for-masquerade";
  static final String REJECT = "reject-chain";
  static final String CLUSTER_CIDRS = "cluster-cidrs";
  static final String CLUSTER_IPS = "cluster-ips";
  static final String HAIRPIN = "hairpin-connections";
  private static final String SERVICE_IPS = "service-ips";
  private static final String NODE_PORTS = "service-nodeports";
  private static final String REFUSED_SERVICES = "no-endpoint-services";
  private static final String REFUSED_NODE_PORTS = "no-endpoint-nodeports";
  private static final String NODE_PORT_IPS = "nodeport-ips";

  private BaseRules() {}

  /** Returns whether it is known which addresses pods have. */
  static boolean knowsPods(Family family, NftablesOptions options) {
    return options.clusterCidrs().stream().anyMatch(range -> of(family, range));
  }

  /** Returns the map that leads a frontend's connections to a chain. */
  static String chains(Frontend frontend) {
    return frontend.isNodePort() ? NODE_PORTS : SERVICE_IPS;
  }

  /** Returns the map of those that are refused. */
  static String refusals(Frontend frontend) {
    return frontend.isNodePort() ? REFUSED_NODE_PORTS : REFUSED_SERVICES;
  }

  /** Returns the lines that begin a table anew, whatever was in it. */
  static List<String> lines(Family family, NftablesOptions options) {
    String ip = family.keyword;
    String table = ip + " " + options.table();
    String ports = "inet_proto . inet_service : verdict";
    String addressAndPort = ip + " daddr . meta l4proto . th dport vmap @";
    String ownAddress = "fib daddr type local " + ip + " daddr != " + family.loopback + " ";
    if (options.nodePortAddresses().isPresent()) {
      ownAddress += ip + " daddr @" + NODE_PORT_IPS + " ";
    }
    String nodePort = ownAddress + "meta l4proto . th dport vmap @";
    String mark = "0x" + Integer.toHexString(1 << options.masqueradeBit());
    List<String> lines = new ArrayList<>();
    lines.add("add table " + table);
    lines.add("delete table " + table);
    lines.add("table " + table + " {");
    lines.add("map " + SERVICE_IPS + " { type " + family.addressType + " . " + ports + "; }");
    lines.add("map " + REFUSED_SERVICES + " { type " + family.addressType + " . " + ports + "; }");
    lines.add("map " + NODE_PORTS + " { type " + ports + "; }");
    lines.add("map " + REFUSED_NODE_PORTS + " { type " + ports + "; }");
    lines.add("set " + CLUSTER_IPS + " { type " + family.addressType + "; }");
    lines.add(
        "set " + HAIRPIN + " { type " + family.addressType + " . " + family.addressType + "; }");
    lines.add(ranges(CLUSTER_CIDRS, family, options.clusterCidrs()));
    options
        .nodePortAddresses()
        .ifPresent(ranges -> lines.add(ranges(NODE_PORT_IPS, family, ranges)));
    chain(lines, MARK, "meta mark set meta mark or " + mark);
    chain(lines, REJECT, "reject");
    List<String> services = new ArrayList<>();
    if (options.masqueradeAll()) {
      services.add(ip + " daddr @" + CLUSTER_IPS + " jump " + MARK);
    } else if (knowsPods(family, options)) {
      // Who routes its way to services through this node gets answers through it as well.
      services.add(
          ip
              + " daddr @"
              + CLUSTER_IPS
              + " "
              + ip
              + " saddr != @"
              + CLUSTER_CIDRS
              + " jump "
              + MARK);
    }
    services.add(addressAndPort + SERVICE_IPS);
    services.add(nodePort + NODE_PORTS);
    chain(lines, "services", services.toArray(String[]::new));
    chain(
        lines,
        "masquerading",
        // An endpoint that reaches itself would take the answer for a stranger's.
        "ct status dnat "
            + ip
            + " saddr . "
            + ip
            + " daddr @"
            + HAIRPIN
            + " masquerade fully-random",
        "meta mark and " + mark + " == 0 return",
        "meta mark set meta mark xor " + mark,
        "masquerade fully-random");
    chain(
        lines, "endpoints-check", addressAndPort + REFUSED_SERVICES, nodePort + REFUSED_NODE_PORTS);
    chain(lines, "cluster-ips-check", ip + " daddr @" + CLUSTER_IPS + " reject");
    hook(lines, "nat", "prerouting", "dstnat", "jump services");
    hook(lines, "nat", "output", "-100", "jump services");
    hook(lines, "nat", "postrouting", "srcnat", "jump masquerading");
    // After what nat chains do, since prerouting can't reject. What these have led to an endpoint
    // needs no look at what has none.
    String led = "ct status dnat accept";
    hook(lines, "filter", "input", "filter", led, "ct state new jump endpoints-check");
    for (String hook : List.of("forward", "output")) {
      hook(
          lines,
          "filter",
          hook,
          "filter",
          led,
          "ct state new jump endpoints-check",
          "ct state new jump cluster-ips-check");
    }
    lines.add("}");
    return lines;
  }

  private static String ranges(String name, Family family, List<AddressRange> ranges) {
    String elements =
        ranges.stream()
            .filter(range -> of(family, range))
            .map(range -> range.base().getHostAddress() + "/" + range.bits())
            .collect(Collectors.joining(", "));
    return "set "
        + name
        + " { type "
        + family.addressType
        + "; flags interval; auto-merge; "
        + (elements.isEmpty() ? "" : "elements = { " + elements + " }; ")
        + "}";
  }

  private static boolean of(Family family, AddressRange range) {
    return (range.base() instanceof Inet4Address) == (family == Family.IPV4);
  }

  private static void chain(List<String> lines, String name, String... rules) {
    lines.add("chain " + name + " {");
    lines.addAll(List.of(rules));
    lines.add("}");
  }

  private static void hook(
      List<String> lines, String type, String hook, String priority, String... rules) {
    lines.add("chain " + type + "-" + hook + " {");
    lines.add("type " + type + " hook " + hook + " priority " + priority + "; policy accept;");
    lines.addAll(List.of(rules));
    lines.add("}");
  }
}
