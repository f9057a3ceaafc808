package io.hubspoke.apiserver;

import io.hubspoke.api.AddressRange;
import io.hubspoke.apiserver.ApiserverOptions.Authn;
import io.hubspoke.apiserver.ApiserverOptions.KubernetesService;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.ApiserverOptions.Serving;
import io.hubspoke.apiserver.audit.AuditFlags;
import io.hubspoke.apiserver.audit.AuditOptions;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.http.ConnectionLimits;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.apiserver.proxy.ProxyOptions;
import io.hubspoke.apiserver.store.StorageOptions;
import io.hubspoke.runtime.Component;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Runs an apiserver; flags are the real one's. */
@Command(
    name = "apiserver",
    mixinStandardHelpOptions = true,
    description =
        "Serves the Kubernetes API over HTTPS, with its objects in its own memory or that of"
            + " several apiservers.",
    footer = {
      "",
      "Example:",
      "  hubspoke apiserver --tls-cert-file=apiserver.crt --tls-private-key-file=apiserver.key \\",
      "      --client-ca-file=ca.crt --authorization-mode=Node,RBAC",
      "",
      "One of three over a store of their own, the others likewise:",
      "  hubspoke apiserver --storage-backend=hazelcast --storage-listen=10.0.0.1:5701 \\",
      "      --storage-members=10.0.0.1,10.0.0.2,10.0.0.3 --storage-peer-cert-file=peer.crt \\",
      "      --storage-peer-key-file=peer.key --storage-peer-trusted-ca-file=peer-ca.crt ..."
    })
public final class ApiserverCommand implements Callable<Integer> {
  /** A member of a replicated store hands over what it owns, within a pod's grace period. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(25);

  @Spec private CommandSpec spec;

  @Option(
      names = "--bind-address",
      defaultValue = "127.0.0.1",
      paramLabel = "IP",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String bindAddress;

  @Option(
      names = "--secure-port",
      defaultValue = "6443",
      paramLabel = "PORT",
      description = "Port to listen on, 0 for any (default: ${DEFAULT-VALUE}).")
  private int securePort;

  @Option(
      names = "--advertise-address",
      paramLabel = "IP",
      description =
          "Address at which nodes and pods reach this server (default: the bind address).")
  private String advertiseAddress;

  @Option(
      names = "--tls-cert-file",
      required = true,
      paramLabel = "FILE",
      description = "Serving certificate, followed by its intermediates.")
  private Path tlsCertFile;

  @Option(
      names = "--tls-private-key-file",
      required = true,
      paramLabel = "FILE",
      description = "Key of the serving certificate.")
  private Path tlsPrivateKeyFile;

  @Option(
      names = "--client-ca-file",
      paramLabel = "FILE",
      description = "Authorities whose client certificates authenticate.")
  private Path clientCaFile;

  @Option(
      names = "--anonymous-auth",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "true",
      description = "Let requests without credentials in as system:anonymous (default: true).")
  private boolean anonymousAuth;

  @Option(
      names = "--enable-bootstrap-token-auth",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "false",
      description = "Authenticate by bootstrap tokens (default: false).")
  private boolean enableBootstrapTokenAuth;

  @Option(
      names = "--token-auth-file",
      paramLabel = "FILE",
      description = "Tokens that authenticate, in lines of token,user,uid,\"group1,group2\".")
  private Path tokenAuthFile;

  @picocli.CommandLine.Mixin private ServiceAccountFlags serviceAccountFlags;

  @picocli.CommandLine.Mixin private RequestHeaderFlags requestHeaderFlags;

  @Option(
      names = "--authorization-mode",
      split = ",",
      defaultValue = "Node,RBAC",
      paramLabel = "MODE",
      description =
          "Authorizers in order: Node, RBAC, AlwaysAllow (default: ${DEFAULT-VALUE}; the real"
              + " apiserver's default allows everything).")
  private List<String> authorizationMode;

  @Option(
      names = "--enable-admission-plugins",
      split = ",",
      defaultValue = "NodeRestriction",
      paramLabel = "PLUGIN",
      description = "Admission plugins beside those always on (default: ${DEFAULT-VALUE}).")
  private List<String> enableAdmissionPlugins;

  @Option(
      names = "--disable-admission-plugins",
      split = ",",
      paramLabel = "PLUGIN",
      description =
          "Plugins that are on otherwise and are to be off: MutatingAdmissionWebhook,"
              + " NodeRestriction, ServiceAccount, ValidatingAdmissionWebhook.")
  private List<String> disableAdmissionPlugins = List.of();

  @Option(
      names = "--service-cluster-ip-range",
      defaultValue = "127.96.0.0/16",
      paramLabel = "CIDR",
      description = "Range of service addresses (default: ${DEFAULT-VALUE}).")
  private String serviceClusterIpRange;

  @Option(
      names = "--request-timeout",
      defaultValue = "1m",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "Longest that a request may take, streams aside (default: ${DEFAULT-VALUE}).")
  private Duration requestTimeout;

  @Option(
      names = "--max-requests-inflight",
      defaultValue = "400",
      paramLabel = "N",
      description =
          "Most reading requests at a time, 0 for any number (default: ${DEFAULT-VALUE}).")
  private int maxRequestsInflight;

  @Option(
      names = "--max-mutating-requests-inflight",
      defaultValue = "200",
      paramLabel = "N",
      description =
          "Most changing requests at a time, 0 for any number (default: ${DEFAULT-VALUE}).")
  private int maxMutatingRequestsInflight;

  @Option(
      names = "--event-ttl",
      defaultValue = "1h",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "Time for which Events are kept, 0s for ever (default: ${DEFAULT-VALUE}).")
  private Duration eventTtl;

  @Option(
      names = "--kubelet-client-certificate",
      paramLabel = "FILE",
      description = "Client certificate for kubelets.")
  private Path kubeletClientCertificate;

  @Option(
      names = "--kubelet-client-key",
      paramLabel = "FILE",
      description = "Key of the client certificate for kubelets.")
  private Path kubeletClientKey;

  @Option(
      names = "--kubelet-certificate-authority",
      paramLabel = "FILE",
      description =
          "Authority by which kubelets' serving certificates are verified; without it they are"
              + " not.")
  private Path kubeletCertificateAuthority;

  @Option(
      names = "--kubelet-preferred-address-types",
      split = ",",
      defaultValue = "Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP",
      paramLabel = "TYPE",
      description = "Which of a node's addresses to use (default: ${DEFAULT-VALUE}).")
  private List<String> kubeletPreferredAddressTypes;

  @Option(
      names = "--kubelet-timeout",
      defaultValue = "5s",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "Time for connecting to a kubelet (default: ${DEFAULT-VALUE}).")
  private Duration kubeletTimeout;

  @Option(
      names = "--kubelet-local-address",
      paramLabel = "IP",
      description = "Address to dial kubelets from (hubspoke's own; default: the system's choice).")
  private String kubeletLocalAddress;

  @Option(
      names = "--kubelet-loopback-ranges",
      split = ",",
      defaultValue = "127.0.10.0/24,127.10.0.0/16",
      paramLabel = "CIDR",
      description =
          "Loopback addresses that nodes may have (hubspoke's own; default: ${DEFAULT-VALUE}).")
  private List<String> kubeletLoopbackRanges;

  @Option(
      names = "--proxy-loopback-ranges",
      split = ",",
      defaultValue = "127.20.0.0/16",
      paramLabel = "CIDR",
      description =
          "Loopback addresses, beside nodes', that pods may have to be reached through the proxy"
              + " subresources (hubspoke's own; default: ${DEFAULT-VALUE}).")
  private List<String> proxyLoopbackRanges;

  @Option(
      names = "--enable-aggregator-routing",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "Dial the services of webhooks at their endpoints' addresses rather than at their virtual"
              + " one, which needs a kube-proxy where it is dialled.")
  private boolean enableAggregatorRouting;

  @Mixin private EgressFlags egressFlags;

  @Mixin private AuditFlags auditFlags;

  @Mixin private StorageFlags storageFlags;

  @Override
  public Integer call() {
    PrintStream err = System.err;
    StoredApiserver apiserver = new StoredApiserver(options(), storage());
    return Component.run(apiserver, apiserver.lost(), STOP_LIMIT, err);
  }

  ApiserverOptions options() {
    if (securePort < 0 || securePort > 65535) {
      throw new ParameterException(
          spec.commandLine(), "--secure-port must be between 0 and 65535, but is " + securePort);
    }
    if ((kubeletClientCertificate == null) != (kubeletClientKey == null)) {
      throw new ParameterException(
          spec.commandLine(),
          "--kubelet-client-certificate and --kubelet-client-key must be given together");
    }
    Authn authn = authn();
    return new ApiserverOptions(
        new Serving(bindAddress, securePort, tlsCertFile, tlsPrivateKeyFile),
        authn,
        authorizationMode,
        admissionPlugins(authn),
        new KubernetesService(advertiseAddress, serviceClusterIpRange),
        new Limits(
            requestTimeout,
            maxRequestsInflight,
            maxMutatingRequestsInflight,
            ConnectionLimits.DEFAULT),
        new KubeletClientOptions(
            kubeletClientCertificate,
            kubeletClientKey,
            kubeletCertificateAuthority,
            kubeletPreferredAddressTypes,
            kubeletTimeout,
            kubeletLocalAddress,
            ranges("--kubelet-loopback-ranges", kubeletLoopbackRanges)),
        eventTtl,
        audit(),
        new ProxyOptions(ranges("--proxy-loopback-ranges", proxyLoopbackRanges)),
        egress(),
        enableAggregatorRouting);
  }

  StorageOptions storage() {
    try {
      return storageFlags.options();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private EgressOptions egress() {
    try {
      return egressFlags.options();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private AuditOptions audit() {
    try {
      return auditFlags.options();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /**
   * The plugin that mounts tokens is on where there are some, and those of webhooks are, as in the
   * real apiserver.
   */
  private List<String> admissionPlugins(Authn authn) {
    List<String> plugins = new ArrayList<>(enableAdmissionPlugins);
    if (authn.serviceAccounts().enabled() && !plugins.contains("ServiceAccount")) {
      plugins.add("ServiceAccount");
    }
    plugins.add("MutatingAdmissionWebhook");
    plugins.add("ValidatingAdmissionWebhook");
    plugins.removeAll(disableAdmissionPlugins);
    return plugins;
  }

  private Authn authn() {
    try {
      return new Authn(
          clientCaFile,
          anonymousAuth,
          Set.of(),
          enableBootstrapTokenAuth,
          tokenAuthFile,
          requestHeaderFlags.options(),
          serviceAccountFlags.options());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private List<AddressRange> ranges(String flag, List<String> values) {
    try {
      return values.stream().map(AddressRange::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), flag + ": " + e.getMessage(), e);
    }
  }

  /** Reads durations as Go's flags take them: {@code 5s}, {@code 1m0s}, {@code 300ms}. */
  static final class GoDuration implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration sum = Duration.ZERO;
      int at = 0;
      while (at < text.length()) {
        int digits = at;
        while (digits < text.length() && Character.isDigit(text.charAt(digits))) {
          digits++;
        }
        int unit = digits;
        while (unit < text.length() && Character.isLetter(text.charAt(unit))) {
          unit++;
        }
        if (digits == at || unit == digits) {
          throw new TypeConversionException("\"" + text + "\" is not a duration, such as 1m30s");
        }
        sum =
            sum.plus(
                of(text, Long.parseLong(text.substring(at, digits)), text.substring(digits, unit)));
        at = unit;
      }
      return sum;
    }

    private static Duration of(String text, long count, String unit) {
      return switch (unit) {
        case "ms" -> Duration.ofMillis(count);
        case "s" -> Duration.ofSeconds(count);
        case "m" -> Duration.ofMinutes(count);
        case "h" -> Duration.ofHours(count);
        default ->
            throw new TypeConversionException("\"" + text + "\" is not a duration, such as 1m30s");
      };
    }
  }
}
