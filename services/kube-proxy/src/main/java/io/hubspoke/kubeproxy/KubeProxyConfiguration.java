package io.hubspoke.kubeproxy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.client.configuration.ConfigurationFile;
import io.hubspoke.client.configuration.LoggingSection;
import io.hubspoke.runtime.GoDuration;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.TypeConversionException;

/**
 * What a file of kind KubeProxyConfiguration says, as kubeadm keeps it in the ConfigMap {@code
 * kube-proxy}. Parts that only packet filters have which are not built here are accepted, and
 * change nothing.
 *
 * @param kubeconfig the file with apiserver and credentials; empty when none is named
 * @param hostnameOverride empty for the host's own name
 * @param logging of a process that is a kube-proxy; one within another logs as that does
 */
public record KubeProxyConfiguration(
    String kubeconfig,
    String hostnameOverride,
    ProxyMode mode,
    String bindAddress,
    boolean bindAddressHardFail,
    List<String> nodePortAddresses,
    String clusterCidr,
    Optional<SocketAddress> healthz,
    Optional<SocketAddress> metrics,
    KubeProxyOptions.Filter filter,
    LoggingSection logging) {
  private static final String API_VERSION = "kubeproxy.config.k8s.io/v1alpha1";
  private static final String KIND = "KubeProxyConfiguration";

  /** The fields of kubeproxy.config.k8s.io/v1alpha1, and those of their sections. */
  private static final Map<String, Set<String>> FIELDS =
      Map.ofEntries(
          Map.entry(
              "",
              Set.of(
                  "apiVersion",
                  "kind",
                  "featureGates",
                  "clientConnection",
                  "logging",
                  "hostnameOverride",
                  "bindAddress",
                  "healthzBindAddress",
                  "metricsBindAddress",
                  "bindAddressHardFail",
                  "enableProfiling",
                  "showHiddenMetricsForVersion",
                  "mode",
                  "iptables",
                  "ipvs",
                  "nftables",
                  "winkernel",
                  "detectLocalMode",
                  "detectLocal",
                  "clusterCIDR",
                  "nodePortAddresses",
                  "oomScoreAdj",
                  "conntrack",
                  "configSyncPeriod",
                  "portRange",
                  "windowsRunAsService")),
          Map.entry(
              "clientConnection",
              Set.of("kubeconfig", "acceptContentTypes", "contentType", "qps", "burst")),
          Map.entry(
              "iptables",
              Set.of(
                  "masqueradeBit",
                  "masqueradeAll",
                  "localhostNodePorts",
                  "syncPeriod",
                  "minSyncPeriod")),
          Map.entry(
              "ipvs",
              Set.of(
                  "syncPeriod",
                  "minSyncPeriod",
                  "scheduler",
                  "excludeCIDRs",
                  "strictARP",
                  "tcpTimeout",
                  "tcpFinTimeout",
                  "udpTimeout")),
          Map.entry(
              "nftables", Set.of("masqueradeBit", "masqueradeAll", "syncPeriod", "minSyncPeriod")),
          Map.entry(
              "winkernel",
              Set.of(
                  "networkName",
                  "sourceVip",
                  "enableDSR",
                  "rootHnsEndpointName",
                  "forwardHealthCheckVip")),
          Map.entry("detectLocal", Set.of("bridgeInterface", "interfaceNamePrefix")),
          Map.entry(
              "conntrack",
              Set.of(
                  "maxPerCore",
                  "min",
                  "tcpEstablishedTimeout",
                  "tcpCloseWaitTimeout",
                  "tcpBeLiberal",
                  "udpTimeout",
                  "udpStreamTimeout")));

  public KubeProxyConfiguration {
    nodePortAddresses = List.copyOf(nodePortAddresses);
  }

  /**
   * Reads a file; a relative name in it counts from the working directory, as the real one's.
   *
   * @throws IOException when it cannot be read
   * @throws IllegalArgumentException when it is malformed; the message names file and field
   */
  public static KubeProxyConfiguration read(Path file) throws IOException {
    try {
      return parse(Files.readAllBytes(file));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Parses a configuration in YAML or JSON.
   *
   * @throws IllegalArgumentException that names the field which is unknown or has a bad value
   */
  public static KubeProxyConfiguration parse(byte[] content) {
    var root = ConfigurationFile.ofKind(content, API_VERSION, KIND);
    check(root);
    return new KubeProxyConfiguration(
        text(root, "clientConnection", "kubeconfig"),
        text(root, "", "hostnameOverride"),
        mode(text(root, "", "mode")),
        address(text(root, "", "bindAddress")),
        flag(root, "", "bindAddressHardFail"),
        nodePortAddresses(root.path("nodePortAddresses")),
        clusterCidr(text(root, "", "clusterCIDR")),
        Optional.of(
            listen(
                "healthzBindAddress",
                text(root, "", "healthzBindAddress"),
                KubeProxyOptions.ANY_ADDRESS,
                KubeProxyOptions.HEALTHZ_PORT)),
        Optional.of(
            listen(
                "metricsBindAddress",
                text(root, "", "metricsBindAddress"),
                "127.0.0.1",
                KubeProxyOptions.METRICS_PORT)),
        new KubeProxyOptions.Filter(
            flag(root, "nftables", "masqueradeAll"),
            masqueradeBit(root.path("nftables").path("masqueradeBit")),
            duration("nftables.minSyncPeriod", text(root, "nftables", "minSyncPeriod"))),
        LoggingSection.of(root.path("logging")));
  }

  private static void check(ObjectNode root) {
    root.properties()
        .forEach(
            field -> {
              known("", field.getKey());
              var section = FIELDS.get(field.getKey());
              if (section != null && !field.getValue().isNull()) {
                if (!field.getValue().isObject()) {
                  throw bad(field.getKey(), "must be an object");
                }
                field.getValue().fieldNames().forEachRemaining(name -> known(field.getKey(), name));
              }
            });
  }

  private static void known(String section, String name) {
    if (!FIELDS.get(section).contains(name)) {
      throw new IllegalArgumentException(
          "strict decoding error: unknown field \"" + path(section, name) + "\"");
    }
  }

  private static String path(String section, String name) {
    return section.isEmpty() ? name : section + "." + name;
  }

  private static JsonNode value(ObjectNode root, String section, String name) {
    return section.isEmpty() ? root.path(name) : root.path(section).path(name);
  }

  private static String text(ObjectNode root, String section, String name) {
    var value = value(root, section, name);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (!value.isTextual()) {
      throw bad(path(section, name), "must be a string");
    }
    return value.asText();
  }

  private static boolean flag(ObjectNode root, String section, String name) {
    var value = value(root, section, name);
    if (!value.isMissingNode() && !value.isNull() && !value.isBoolean()) {
      throw bad(path(section, name), "must be true or false");
    }
    return value.asBoolean(false);
  }

  private static int masqueradeBit(JsonNode given) {
    if (given.isMissingNode() || given.isNull()) {
      return KubeProxyOptions.Filter.DEFAULTS.masqueradeBit();
    }
    if (!given.isIntegralNumber() || given.asInt() < 0 || given.asInt() > 31) {
      throw bad("nftables.masqueradeBit", "must be within the range [0, 31], but is " + given);
    }
    return given.asInt();
  }

  private static ProxyMode mode(String text) {
    try {
      return ProxyMode.parse(text);
    } catch (IllegalArgumentException e) {
      throw bad("mode", e.getMessage());
    }
  }

  private static String address(String text) {
    if (text.isEmpty()) {
      return KubeProxyOptions.ANY_ADDRESS;
    }
    if (!isAddress(text)) {
      throw bad("bindAddress", "must be an IP address, but is \"" + text + "\"");
    }
    return text;
  }

  private static boolean isAddress(String text) {
    try {
      return java.net.InetAddress.ofLiteral(text) != null;
    } catch (IllegalArgumentException notAnAddress) {
      return false;
    }
  }

  private static List<String> nodePortAddresses(JsonNode given) {
    var ranges = new ArrayList<String>();
    if (!given.isMissingNode() && !given.isNull() && !given.isArray()) {
      throw bad("nodePortAddresses", "must be a list");
    }
    for (var range : given) {
      ranges.add(range.asText());
    }
    return checkNodePortAddresses("nodePortAddresses", ranges);
  }

  /** Checks that these are ranges, or the word primary alone. */
  static List<String> checkNodePortAddresses(String field, List<String> ranges) {
    for (var range : ranges) {
      if (range.equals("primary")) {
        if (ranges.size() > 1) {
          throw bad(field, "\"primary\" must be the only value");
        }
      } else {
        range(field, range);
      }
    }
    return ranges;
  }

  private static String clusterCidr(String text) {
    // Of a dual-stack cluster both families are given; what is forwarded here is IPv4.
    var first = text.split(",", 2)[0];
    if (!first.isEmpty()) {
      range("clusterCIDR", first);
    }
    return first;
  }

  private static void range(String field, String text) {
    try {
      var parsed = AddressRange.parse(text);
      if (parsed.bits() < 0) {
        throw bad(field, "must be a CIDR range");
      }
    } catch (IllegalArgumentException e) {
      throw bad(field, e.getMessage());
    }
  }

  /**
   * Reads an address with or without a port.
   *
   * @throws IllegalArgumentException that names the field
   */
  static SocketAddress listen(String field, String text, String host, int port) {
    if (text.isEmpty()) {
      return SocketAddress.inetSocketAddress(port, host);
    }
    if (isAddress(text)) {
      return SocketAddress.inetSocketAddress(port, text);
    }
    var colon = text.lastIndexOf(':');
    var address = text.substring(0, Math.max(0, colon)).replaceAll("^\\[(.*)]$", "$1");
    try {
      var number = Integer.parseInt(text.substring(colon + 1));
      if (colon >= 0 && isAddress(address) && number >= 0 && number <= 65535) {
        return SocketAddress.inetSocketAddress(number, address);
      }
    } catch (NumberFormatException notNumber) {
      // Told below with all else that it may be.
    }
    throw bad(field, "must be IP:port, such as " + host + ":" + port + ", but is \"" + text + "\"");
  }

  private static Duration duration(String field, String text) {
    try {
      return text.isEmpty() ? Duration.ZERO : new GoDuration().convert(text);
    } catch (TypeConversionException e) {
      throw bad(field, e.getMessage());
    }
  }

  private static IllegalArgumentException bad(String field, String why) {
    return new IllegalArgumentException(field + ": " + why);
  }
}
