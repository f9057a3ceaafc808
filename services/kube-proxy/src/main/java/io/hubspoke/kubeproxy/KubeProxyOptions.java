package io.hubspoke.kubeproxy;

import io.hubspoke.client.ClientConfig;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a kube-proxy is told.
 *
 * @param client the apiserver, and the credentials to show it
 * @param nodeName the node whose endpoints are local ones
 * @param bindAddress the node's own address; {@code 0.0.0.0} for that of the Node object
 * @param nodePortAddresses on which of the node's addresses node ports are: ranges, or {@code
 *     primary}; empty for what the mode has by default
 * @param clusterCidr addresses of pods; empty when not known
 * @param healthz where health is served; empty for nowhere
 * @param metrics where metrics are served; empty for nowhere
 * @param bindAddressHardFail whether it ends when it cannot serve those; else it goes on trying
 * @param filter what the packet filter is told
 */
public record KubeProxyOptions(
    ClientConfig client,
    String nodeName,
    ProxyMode mode,
    String bindAddress,
    List<String> nodePortAddresses,
    String clusterCidr,
    Optional<SocketAddress> healthz,
    Optional<SocketAddress> metrics,
    boolean bindAddressHardFail,
    Filter filter) {
  public static final int HEALTHZ_PORT = 10256;
  public static final int METRICS_PORT = 10249;
  static final String ANY_ADDRESS = "0.0.0.0";

  /**
   * Section {@code nftables} of a KubeProxyConfiguration.
   *
   * @param masqueradeAll whether whatever is sent to services gets the node's address
   * @param masqueradeBit the bit of a packet's mark that says so, 0 to 31
   * @param minSyncPeriod least time between two changes of what is forwarded
   */
  public record Filter(boolean masqueradeAll, int masqueradeBit, Duration minSyncPeriod) {
    static final Filter DEFAULTS = new Filter(false, 14, Duration.ZERO);
  }

  public KubeProxyOptions {
    if (nodeName.isEmpty()) {
      throw new IllegalArgumentException("the name of the node is empty");
    }
    nodePortAddresses = List.copyOf(nodePortAddresses);
  }

  /** The kube-proxy of a node with the real one's defaults. */
  public static KubeProxyOptions of(ClientConfig client, String nodeName) {
    return new KubeProxyOptions(
        client,
        nodeName,
        ProxyMode.AUTO,
        ANY_ADDRESS,
        List.of(),
        "",
        Optional.of(SocketAddress.inetSocketAddress(HEALTHZ_PORT, ANY_ADDRESS)),
        Optional.of(SocketAddress.inetSocketAddress(METRICS_PORT, "127.0.0.1")),
        false,
        Filter.DEFAULTS);
  }

  /** The kube-proxy that a configuration file describes. */
  public static KubeProxyOptions of(
      ClientConfig client, String nodeName, KubeProxyConfiguration configuration) {
    return new KubeProxyOptions(
        client,
        nodeName,
        configuration.mode(),
        configuration.bindAddress(),
        configuration.nodePortAddresses(),
        configuration.clusterCidr(),
        configuration.healthz(),
        configuration.metrics(),
        configuration.bindAddressHardFail(),
        configuration.filter());
  }

  public KubeProxyOptions withMode(ProxyMode other) {
    return new KubeProxyOptions(
        client,
        nodeName,
        other,
        bindAddress,
        nodePortAddresses,
        clusterCidr,
        healthz,
        metrics,
        bindAddressHardFail,
        filter);
  }

  /** Says what the node's own address is. */
  public KubeProxyOptions withBindAddress(String address) {
    return new KubeProxyOptions(
        client,
        nodeName,
        mode,
        address,
        nodePortAddresses,
        clusterCidr,
        healthz,
        metrics,
        bindAddressHardFail,
        filter);
  }

  public KubeProxyOptions withNodePortAddresses(List<String> ranges) {
    return new KubeProxyOptions(
        client,
        nodeName,
        mode,
        bindAddress,
        ranges,
        clusterCidr,
        healthz,
        metrics,
        bindAddressHardFail,
        filter);
  }

  public KubeProxyOptions withClusterCidr(String cidr) {
    return new KubeProxyOptions(
        client,
        nodeName,
        mode,
        bindAddress,
        nodePortAddresses,
        cidr,
        healthz,
        metrics,
        bindAddressHardFail,
        filter);
  }

  /**
   * Serves health and metrics at these addresses.
   *
   * @param health null for nowhere
   * @param measures null for nowhere
   */
  public KubeProxyOptions withServing(SocketAddress health, SocketAddress measures) {
    return new KubeProxyOptions(
        client,
        nodeName,
        mode,
        bindAddress,
        nodePortAddresses,
        clusterCidr,
        Optional.ofNullable(health),
        Optional.ofNullable(measures),
        bindAddressHardFail,
        filter);
  }

  /** Gives whatever is sent to services the node's address. */
  public KubeProxyOptions withMasqueradeAll() {
    return new KubeProxyOptions(
        client,
        nodeName,
        mode,
        bindAddress,
        nodePortAddresses,
        clusterCidr,
        healthz,
        metrics,
        bindAddressHardFail,
        new Filter(true, filter.masqueradeBit(), filter.minSyncPeriod()));
  }

  /** Ends when it cannot serve health or metrics. */
  public KubeProxyOptions withBindAddressHardFail() {
    return new KubeProxyOptions(
        client,
        nodeName,
        mode,
        bindAddress,
        nodePortAddresses,
        clusterCidr,
        healthz,
        metrics,
        true,
        filter);
  }

  /** Returns whether the node's own address is to be read from the Node object. */
  boolean asksForAddress() {
    return bindAddress.equals(ANY_ADDRESS) || bindAddress.equals("::");
  }
}
