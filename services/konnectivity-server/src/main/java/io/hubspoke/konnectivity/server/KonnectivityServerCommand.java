package io.hubspoke.konnectivity.server;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.konnectivity.server.AgentListenerOptions.TokenAuthentication;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.GoDuration;
import io.hubspoke.tunnel.konnectivity.ProcessFlags;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a Konnectivity server from the command line, with the real proxy-server's flags. */
@Command(
    name = "proxy-server",
    description =
        "Runs a Konnectivity server: brings what an apiserver dials to agents that dial for it.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  hubspoke proxy-server --uds-name=/run/konnectivity.sock --server-port=0 --mode=grpc \\",
      "    --cluster-cert=server.crt --cluster-key=server.key --cluster-ca-cert=ca.crt \\",
      "    --agent-port=8091 --admin-port=8095 --health-port=8092"
    })
public final class KonnectivityServerCommand implements Callable<Integer> {
  /** How long after connections had their time the rest may take. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private static final int FIRST_FREE = 1024;
  private static final int LAST_FREE = 49151;

  @Spec private CommandSpec spec;

  @Mixin private ProcessFlags process = new ProcessFlags();

  @Option(
      names = "--server-cert",
      paramLabel = "FILE",
      description = "certificate to serve the control plane with")
  private Path serverCert;

  @Option(names = "--server-key", paramLabel = "FILE", description = "its key")
  private Path serverKey;

  @Option(
      names = "--server-ca-cert",
      paramLabel = "FILE",
      description = "whose certificates the control plane must show (none: no certificate)")
  private Path serverCaCert;

  @Option(
      names = "--cluster-cert",
      paramLabel = "FILE",
      description = "certificate to serve agents with")
  private Path clusterCert;

  @Option(names = "--cluster-key", paramLabel = "FILE", description = "its key")
  private Path clusterKey;

  @Option(
      names = "--cluster-ca-cert",
      paramLabel = "FILE",
      description = "whose certificates agents must show (none: no certificate)")
  private Path clusterCaCert;

  @Option(names = "--mode", description = "grpc or http-connect (${DEFAULT-VALUE})")
  private String mode = "grpc";

  @Option(
      names = "--uds-name",
      paramLabel = "FILE",
      description = "Unix socket for the control plane, which its owner alone may use")
  private String udsName = "";

  @Option(
      names = "--delete-existing-uds-file",
      arity = "0..1",
      fallbackValue = "true",
      description = "takes a Unix socket away that is there already (${DEFAULT-VALUE})")
  private boolean deleteExistingUdsFile = true;

  @Option(
      names = "--server-port",
      paramLabel = "PORT",
      description = "port for the control plane; 0 with --uds-name (${DEFAULT-VALUE})")
  private int serverPort = KonnectivityServerOptions.SERVER_PORT;

  @Option(
      names = "--server-bind-address",
      paramLabel = "IP",
      description = "where the control plane is served (all addresses)")
  private String serverBindAddress = "";

  @Option(
      names = "--agent-port",
      paramLabel = "PORT",
      description = "port for agents (${DEFAULT-VALUE})")
  private int agentPort = KonnectivityServerOptions.AGENT_PORT;

  @Option(
      names = "--agent-bind-address",
      paramLabel = "IP",
      description = "where agents are served (all addresses)")
  private String agentBindAddress = "";

  @Option(
      names = "--health-port",
      paramLabel = "PORT",
      description = "port of health and metrics (${DEFAULT-VALUE})")
  private int healthPort = KonnectivityServerOptions.HEALTH_PORT;

  @Option(
      names = "--health-bind-address",
      paramLabel = "IP",
      description = "where health is served (all addresses)")
  private String healthBindAddress = "";

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      description = "port of metrics (${DEFAULT-VALUE})")
  private int adminPort = KonnectivityServerOptions.ADMIN_PORT;

  @Option(
      names = "--admin-bind-address",
      paramLabel = "IP",
      description = "where metrics are served (${DEFAULT-VALUE})")
  private String adminBindAddress = "127.0.0.1";

  @Option(
      names = "--keepalive-time",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a silent agent is believed to be there (1h)")
  private Duration keepaliveTime = KonnectivityServerOptions.KEEPALIVE_TIME;

  @Option(
      names = "--frontend-keepalive-time",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a silent connection of the control plane is believed in (1h)")
  private Duration frontendKeepaliveTime = KonnectivityServerOptions.KEEPALIVE_TIME;

  @Option(
      names = "--server-id",
      paramLabel = "ID",
      description = "tells this server from others (variable PROXY_SERVER_ID, or a random UUID)")
  private String serverId;

  @Option(
      names = "--server-count",
      paramLabel = "COUNT",
      description = "how many servers there are; agents connect with each (${DEFAULT-VALUE})")
  private int serverCount = 1;

  @Option(
      names = "--proxy-strategies",
      paramLabel = "LIST",
      description =
          "by which an agent is chosen, in this order: default (any), destHost (which has the"
              + " host), defaultRoute (which reaches everything) (${DEFAULT-VALUE})")
  private String proxyStrategies = "default";

  @Option(
      names = "--agent-namespace",
      paramLabel = "NAME",
      description = "namespace of the service account whose token agents show")
  private String agentNamespace = "";

  @Option(
      names = "--agent-service-account",
      paramLabel = "NAME",
      description = "the service account")
  private String agentServiceAccount = "";

  @Option(
      names = "--authentication-audience",
      paramLabel = "NAME",
      description = "whom the token must be for, such as system:konnectivity-server")
  private String authenticationAudience = "";

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "apiserver that is asked about tokens, and has the leases")
  private Path kubeconfig;

  @Option(
      names = "--kubeconfig-qps",
      paramLabel = "RATE",
      description = "not supported: the apiserver limits its clients by itself")
  private float kubeconfigQps;

  @Option(
      names = "--kubeconfig-burst",
      paramLabel = "COUNT",
      description = "not supported: the apiserver limits its clients by itself")
  private int kubeconfigBurst;

  @Option(
      names = "--cipher-suites",
      split = ",",
      paramLabel = "NAME",
      description = "cipher suites up to TLS 1.2 (the usual ones)")
  private List<String> cipherSuites = new ArrayList<>();

  @Option(
      names = "--enable-lease-controller",
      arity = "0..1",
      fallbackValue = "true",
      description = "keeps a lease by which agents count servers, and takes old ones away")
  private boolean enableLeaseController;

  @Option(
      names = "--lease-namespace",
      paramLabel = "NAME",
      description = "where leases are (${DEFAULT-VALUE})")
  private String leaseNamespace = "kube-system";

  @Option(
      names = "--lease-label",
      paramLabel = "LABELS",
      description = "which leases are those of servers (${DEFAULT-VALUE})")
  private String leaseLabel = "k8s-app=konnectivity-server";

  @Option(
      names = "--xfr-channel-size",
      paramLabel = "COUNT",
      description = "not supported: each connection is held back by its own window")
  private Integer xfrChannelSize;

  @Option(
      names = "--shutdown-grace-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long connections may go on when told to stop; not the real one's (5s)")
  private Duration grace = Duration.ofSeconds(5);

  @Override
  public Integer call() {
    KonnectivityServerOptions options = options();
    log();
    return Component.run(new KonnectivityServer(options), grace.plus(STOP_LIMIT), System.err);
  }

  private void log() {
    try {
      process.log();
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), Component.reason(e), e);
    }
  }

  /** Returns the options that the flags give. */
  KonnectivityServerOptions options() {
    try {
      refuseUnsupported();
      boolean tokens =
          !agentNamespace.isEmpty()
              || !agentServiceAccount.isEmpty()
              || !authenticationAudience.isEmpty();
      return new KonnectivityServerOptions(
          serverId(),
          serverCount,
          Flag.read("--proxy-strategies", () -> ProxyStrategy.parse(proxyStrategies)),
          frontend(),
          new AgentListenerOptions(
              address(
                  "--agent-bind-address", agentBindAddress, "--agent-port", agentPort, "0.0.0.0"),
              files("--cluster", given(clusterCert), given(clusterKey), given(clusterCaCert)),
              tokens
                  ? new TokenAuthentication(
                      agentNamespace, agentServiceAccount, authenticationAudience)
                  : null,
              positive("--keepalive-time", keepaliveTime)),
          tokens || enableLeaseController ? apiserver() : Optional.empty(),
          enableLeaseController
              ? Optional.of(new KonnectivityServerOptions.Leases(leaseNamespace, labels()))
              : Optional.empty(),
          Optional.of(
              address(
                  "--health-bind-address",
                  healthBindAddress,
                  "--health-port",
                  healthPort,
                  "0.0.0.0")),
          Optional.of(
              address(
                  "--admin-bind-address",
                  adminBindAddress,
                  "--admin-port",
                  adminPort,
                  "127.0.0.1")),
          grace);
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), Component.reason(e), e);
    }
  }

  private void refuseUnsupported() {
    process.check();
    check(
        kubeconfigQps == 0 && kubeconfigBurst == 0,
        "--kubeconfig-qps, --kubeconfig-burst: not supported: the apiserver limits its clients by"
            + " itself");
    check(
        xfrChannelSize == null,
        "--xfr-channel-size: not supported: each connection is held back by its own window");
    check(!grace.isNegative(), "--shutdown-grace-period must not be negative");
  }

  private FrontendOptions frontend() throws IOException {
    FrontendOptions.Mode spoken = FrontendOptions.Mode.parse(mode);
    Duration keepalive = positive("--frontend-keepalive-time", frontendKeepaliveTime);
    if (udsName.isEmpty()) {
      return new FrontendOptions(
          spoken,
          address(
              "--server-bind-address", serverBindAddress, "--server-port", serverPort, "0.0.0.0"),
          deleteExistingUdsFile,
          files("--server", given(serverCert), given(serverKey), given(serverCaCert)),
          keepalive);
    }
    check(serverPort == 0, "server port should be set to 0 not " + serverPort + " for UDS");
    check(given(serverKey) == null, "server key should not be set for UDS");
    check(given(serverCert) == null, "server cert should not be set for UDS");
    check(given(serverCaCert) == null, "server ca cert should not be set for UDS");
    return new FrontendOptions(
        spoken, SocketAddress.domainSocketAddress(udsName), deleteExistingUdsFile, null, keepalive);
  }

  /** As Go's flags have it, what is empty is not given. */
  private static Path given(Path file) {
    return file == null || file.toString().isEmpty() ? null : file;
  }

  private ServingFiles files(String flags, Path cert, Path key, Path clientCa) {
    check(
        cert != null && key != null,
        "%1$s-cert and %1$s-key must be given%2$s"
            .formatted(flags, flags.equals("--server") ? ", or --uds-name" : ""));
    if (!cipherSuites.isEmpty()) {
      List<String> known = knownSuites();
      for (String suite : cipherSuites) {
        check(
            known.contains(suite),
            "cipher suite " + suite + " not supported, doesn't exist or considered as insecure");
      }
    }
    return new ServingFiles(cert, key, clientCa, cipherSuites);
  }

  /** The JDK's names and those of OpenSSL's Java side are the same: those of the RFCs. */
  private static List<String> knownSuites() {
    try {
      return List.of(SSLContext.getDefault().getDefaultSSLParameters().getCipherSuites());
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no TLS", e);
    }
  }

  private static SocketAddress address(
      String bindFlag, String bind, String portFlag, int port, String all) {
    String what = portFlag.substring(2).replace('-', ' ');
    check(
        port <= LAST_FREE,
        "please do not try to use ephemeral port %d for the %s".formatted(port, what));
    check(
        port >= FIRST_FREE,
        "please do not try to use reserved port %d for the %s".formatted(port, what));
    String host = bind.isEmpty() ? all : bind;
    check(!host.isBlank(), bindFlag + " must be an address");
    return SocketAddress.inetSocketAddress(port, host);
  }

  private Optional<ClientConfig> apiserver() throws IOException {
    check(
        given(kubeconfig) != null,
        "--kubeconfig must be given for agent authentication and --enable-lease-controller");
    return Optional.of(Flag.read("--kubeconfig", () -> ClientConfig.read(kubeconfig)));
  }

  private String serverId() {
    String id = serverId == null ? System.getenv("PROXY_SERVER_ID") : serverId;
    return id == null || id.isEmpty() ? UUID.randomUUID().toString() : id;
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new HashMap<>();
    for (String pair : leaseLabel.split(",", -1)) {
      String[] parts = pair.split("=", -1);
      check(
          parts.length == 2 && !parts[0].isBlank(),
          "--lease-label: \"" + pair + "\" is not a label, such as k8s-app=konnectivity-server");
      labels.put(parts[0].strip(), parts[1].strip());
    }
    return labels;
  }

  private static Duration positive(String flag, Duration time) {
    check(time.isPositive(), flag + " must be longer than nothing");
    return time;
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
