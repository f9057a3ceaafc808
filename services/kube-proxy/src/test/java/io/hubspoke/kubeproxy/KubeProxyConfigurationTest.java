package io.hubspoke.kubeproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.client.configuration.LoggingSection;
import io.vertx.core.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The file config.conf of kube-proxy's ConfigMap. */
class KubeProxyConfigurationTest {
  /** What kubeadm 1.33 writes. */
  private static final String KUBEADM =
      """
      apiVersion: kubeproxy.config.k8s.io/v1alpha1
      bindAddress: 0.0.0.0
      bindAddressHardFail: false
      clientConnection:
        acceptContentTypes: ""
        burst: 0
        contentType: ""
        kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
        qps: 0
      clusterCIDR: 127.20.0.0/16
      configSyncPeriod: 0s
      conntrack:
        maxPerCore: null
        min: null
        tcpBeLiberal: false
        tcpCloseWaitTimeout: null
        tcpEstablishedTimeout: null
        udpStreamTimeout: 0s
        udpTimeout: 0s
      detectLocal:
        bridgeInterface: ""
        interfaceNamePrefix: ""
      detectLocalMode: ""
      enableProfiling: false
      healthzBindAddress: ""
      hostnameOverride: ""
      iptables:
        localhostNodePorts: null
        masqueradeAll: false
        masqueradeBit: null
        minSyncPeriod: 0s
        syncPeriod: 0s
      ipvs:
        excludeCIDRs: null
        minSyncPeriod: 0s
        scheduler: ""
        strictARP: false
        syncPeriod: 0s
        tcpFinTimeout: 0s
        tcpTimeout: 0s
        udpTimeout: 0s
      kind: KubeProxyConfiguration
      logging:
        flushFrequency: 0
        options:
          json:
            infoBufferSize: "0"
          text:
            infoBufferSize: "0"
        verbosity: 0
      metricsBindAddress: ""
      mode: ""
      nftables:
        masqueradeAll: false
        masqueradeBit: null
        minSyncPeriod: 0s
        syncPeriod: 0s
      nodePortAddresses: null
      oomScoreAdj: null
      portRange: ""
      showHiddenMetricsForVersion: ""
      winkernel:
        enableDSR: false
        forwardHealthCheckVip: false
        networkName: ""
        rootHnsEndpointName: ""
        sourceVip: ""
      """;

  private static KubeProxyConfiguration parse(String text) {
    return KubeProxyConfiguration.parse(text.getBytes(StandardCharsets.UTF_8));
  }

  private static KubeProxyConfiguration with(String line) {
    return parse(
        """
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        """
            + line.replace("\\n", "\n"));
  }

  @Test
  void what_kubeadm_writes_is_understood() {
    var configuration = parse(KUBEADM);
    assertThat(configuration)
        .isEqualTo(
            new KubeProxyConfiguration(
                "/var/lib/kube-proxy/kubeconfig.conf",
                "",
                ProxyMode.AUTO,
                "0.0.0.0",
                false,
                List.of(),
                "127.20.0.0/16",
                Optional.of(SocketAddress.inetSocketAddress(10256, "0.0.0.0")),
                Optional.of(SocketAddress.inetSocketAddress(10249, "127.0.0.1")),
                KubeProxyOptions.Filter.DEFAULTS,
                new LoggingSection("", 0)));
  }

  @Test
  void settings_are_taken_over() {
    var configuration =
        with(
            """
            mode: userspace
            hostnameOverride: node-7
            bindAddress: 127.10.0.7
            nodePortAddresses: [127.10.0.0/16]
            healthzBindAddress: 127.10.0.7:10256
            metricsBindAddress: 127.10.0.7
            logging: {format: json, verbosity: 4, flushFrequency: 5s}
            nftables: {minSyncPeriod: 5ms, masqueradeAll: true, masqueradeBit: 9}
            """);
    assertThat(configuration.mode()).isEqualTo(ProxyMode.USERSPACE);
    assertThat(configuration.hostnameOverride()).isEqualTo("node-7");
    assertThat(configuration.bindAddress()).isEqualTo("127.10.0.7");
    assertThat(configuration.nodePortAddresses()).containsExactly("127.10.0.0/16");
    assertThat(configuration.healthz())
        .contains(SocketAddress.inetSocketAddress(10256, "127.10.0.7"));
    assertThat(configuration.metrics())
        .contains(SocketAddress.inetSocketAddress(10249, "127.10.0.7"));
    assertThat(configuration.logging()).isEqualTo(new LoggingSection("json", 4));
    assertThat(configuration.filter())
        .isEqualTo(new KubeProxyOptions.Filter(true, 9, Duration.ofMillis(5)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "clusterCidr: 10.0.0.0/8 | unknown field \"clusterCidr\"",
        "nftables: {masqueradeBit: 32} | nftables.masqueradeBit: must be within the range [0, 31]",
        "nftables: {masqueradeAll: 1} | nftables.masqueradeAll: must be true or false",
        "iptables: {masquerade: true} | unknown field \"iptables.masquerade\"",
        "iptables: 5 | iptables: must be an object",
        "mode: iptables | mode: \"iptables\" is not supported",
        "mode: 5 | mode: must be a string",
        "bindAddress: here | bindAddress: must be an IP address",
        "clusterCIDR: x | clusterCIDR: \"x\" is not a CIDR range",
        "clusterCIDR: 10.0.0.0/x | clusterCIDR: ",
        "nodePortAddresses: [primary, 10.0.0.0/8] | nodePortAddresses: \"primary\" must be the only",
        "nodePortAddresses: primary | nodePortAddresses: must be a list",
        "healthzBindAddress: 1.2.3.4:99999 | healthzBindAddress: must be IP:port",
        "metricsBindAddress: localhost:1 | metricsBindAddress: must be IP:port",
        "bindAddressHardFail: 1 | bindAddressHardFail: must be true or false",
        "nftables: {minSyncPeriod: soon} | nftables.minSyncPeriod: \"soon\" is not a duration",
        "mode: userspace\\nmode: nftables | mode",
        "logging: {format: xml} | logging.format: must be text or json, but is \"xml\"",
        "logging: {verbosity: -1} | logging.verbosity: must be a whole number of at least 0",
        "logging: {level: 3} | unknown field \"logging.level\"",
        "logging: json | logging: must be an object, but is \"json\"",
        "clientConnection: {token: x} | unknown field \"clientConnection.token\"",
      })
  void a_mistake_is_named_with_its_field(String line, String complaint) {
    assertThatThrownBy(() -> with(line))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(complaint);
  }

  @Test
  void another_kind_of_file_is_refused() {
    assertThatThrownBy(() -> parse("{apiVersion: v1, kind: Config}"))
        .hasMessageContaining("expected KubeProxyConfiguration");
  }
}
