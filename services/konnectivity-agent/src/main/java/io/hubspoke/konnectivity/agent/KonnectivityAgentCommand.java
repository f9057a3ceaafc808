package io.hubspoke.konnectivity.agent;

import io.hubspoke.api.AddressRange;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.GoDuration;
import io.hubspoke.tunnel.konnectivity.ProcessFlags;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a Konnectivity agent from the command line, with the real proxy-agent's flags. */
@Command(
    name = "proxy-agent",
    description =
        "Runs a Konnectivity agent: connects with every proxy-server, and dials for them in its"
            + " network.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  hubspoke proxy-agent --proxy-server-host=127.0.10.1 --proxy-server-port=8091 \\",
      "    --ca-cert=ca.crt --agent-cert=agent.crt --agent-key=agent.key \\",
      "    --agent-identifiers='ipv4=127.10.0.1&host=node-1'"
    })
public final class KonnectivityAgentCommand implements Callable<Integer> {
  /** How long after connections had their time the rest may take. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  @Spec private CommandSpec spec;

  @Mixin private ProcessFlags process = new ProcessFlags();

  @Option(names = "--agent-cert", paramLabel = "FILE", description = "certificate to show servers")
  private Path agentCert;

  @Option(names = "--agent-key", paramLabel = "FILE", description = "its key")
  private Path agentKey;

  @Option(names = "--ca-cert", paramLabel = "FILE", description = "who vouches for servers")
  private Path caCert;

  @Option(
      names = "--proxy-server-host",
      paramLabel = "HOST",
      description = "where servers are (${DEFAULT-VALUE})")
  private String proxyServerHost = "127.0.0.1";

  @Option(
      names = "--proxy-server-port",
      paramLabel = "PORT",
      description = "their port for agents (${DEFAULT-VALUE})")
  private int proxyServerPort = ServerAccess.PORT;

  @Option(
      names = "--alpn-proto",
      split = ",",
      paramLabel = "NAME",
      description =
          "application protocols to offer beside h2, for what tells connections apart on the way")
  private List<String> alpnProtos = new ArrayList<>();

  @Option(
      names = "--service-account-token-path",
      paramLabel = "FILE",
      description = "service account's token to show servers, read for each connection")
  private Path serviceAccountTokenPath;

  @Option(
      names = "--agent-id",
      paramLabel = "ID",
      description = "tells this agent from others (variable PROXY_AGENT_ID, or a random UUID)")
  private String agentId;

  @Option(
      names = "--agent-identifiers",
      paramLabel = "QUERY",
      description =
          "what the agent can reach, as a URL query of ipv4, ipv6, host, cidr, default-route:"
              + " host=node-1&ipv4=10.0.0.1&cidr=10.1.0.0/24&default-route=true")
  private String agentIdentifiers = "";

  @Option(
      names = "--sync-interval",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "first time between attempts to connect with every server (1s)")
  private Duration syncInterval = Syncing.DEFAULT.interval();

  @Option(
      names = "--sync-interval-cap",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "longest time that this grows to while they fail (10s)")
  private Duration syncIntervalCap = Syncing.DEFAULT.cap();

  @Option(
      names = "--probe-interval",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how often connections are looked at (1s)")
  private Duration probeInterval = Syncing.DEFAULT.probeInterval();

  @Option(
      names = "--sync-forever",
      arity = "0..1",
      fallbackValue = "true",
      description = "goes on looking for servers when there are as many as they say")
  private boolean syncForever;

  @Option(
      names = "--keepalive-time",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a silent server is believed to be there (1h)")
  private Duration keepaliveTime = ServerAccess.KEEPALIVE_TIME;

  @Option(
      names = "--count-server-leases",
      arity = "0..1",
      fallbackValue = "true",
      description = "counts the leases of servers to know how many there are")
  private boolean countServerLeases;

  @Option(
      names = "--lease-namespace",
      paramLabel = "NAME",
      description = "where their leases are (${DEFAULT-VALUE})")
  private String leaseNamespace = "kube-system";

  @Option(
      names = "--lease-label",
      paramLabel = "SELECTOR",
      description = "which leases are theirs (${DEFAULT-VALUE})")
  private String leaseLabel = "k8s-app=konnectivity-server";

  @Option(
      names = "--server-count-source",
      paramLabel = "SOURCE",
      description = "default: leases where they are counted; max: the larger of leases and answers")
  private String serverCountSource = "default";

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "apiserver with the leases (none: the one of the pod that this runs in)")
  private Path kubeconfig;

  @Option(
      names = "--health-server-host",
      paramLabel = "IP",
      description = "where health and metrics are served (all addresses)")
  private String healthServerHost = "";

  @Option(
      names = "--health-server-port",
      paramLabel = "PORT",
      description = "port of health and metrics (${DEFAULT-VALUE})")
  private int healthServerPort = KonnectivityAgentOptions.HEALTH_PORT;

  @Option(
      names = "--admin-bind-address",
      paramLabel = "IP",
      description = "where the admin port is; empty for all addresses (${DEFAULT-VALUE})")
  private String adminBindAddress = "127.0.0.1";

  @Option(
      names = "--admin-server-port",
      paramLabel = "PORT",
      description = "the admin port (${DEFAULT-VALUE})")
  private int adminServerPort = KonnectivityAgentOptions.ADMIN_PORT;

  @Option(
      names = "--warn-on-channel-limit",
      arity = "0..1",
      fallbackValue = "true",
      description = "tells when a target takes less than it is sent")
  private boolean warnOnChannelLimit;

  @Option(
      names = "--xfr-channel-size",
      paramLabel = "N",
      description =
          "how much may wait for a target before its connection is held back, in packets of 4 KiB"
              + " (${DEFAULT-VALUE})")
  private int xfrChannelSize = Dialling.DEFAULT.channelSize();

  @Option(
      names = "--local-address",
      paramLabel = "IP",
      description = "address to connect from; not a flag of the real agent")
  private String localAddress = "";

  @Option(
      names = "--allowed-targets",
      split = ",",
      paramLabel = "CIDR",
      description =
          "where targets may be, names after they are resolved; not a flag of the real agent (all)")
  private List<String> allowedTargets = new ArrayList<>();

  @Option(
      names = "--shutdown-grace-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description =
          "how long connections may go on after SIGTERM; not a flag of the real agent, which waits"
              + " for a second signal (5s)")
  private Duration grace = Dialling.DEFAULT.grace();

  @Override
  public Integer call() {
    var options = options();
    log();
    return Component.run(new KonnectivityAgent(options), grace.plus(STOP_LIMIT), System.err);
  }

  private void log() {
    try {
      process.log();
    } catch (IOException e) {
      throw new ParameterException(spec.commandLine(), Component.reason(e), e);
    }
  }

  /** Returns the options that the flags give. */
  public KonnectivityAgentOptions options() {
    try {
      process.check();
      var options =
          new KonnectivityAgentOptions(
              id(),
              agentIdentifiers,
              new ServerAccess(
                  proxyServerHost,
                  proxyServerPort,
                  alpnProtos,
                  existing("--ca-cert", caCert),
                  existing("--agent-cert", agentCert),
                  existing("--agent-key", agentKey),
                  existing("--service-account-token-path", serviceAccountTokenPath),
                  keepaliveTime),
              new Syncing(
                  syncInterval,
                  syncIntervalCap,
                  probeInterval,
                  syncForever,
                  Flag.read(
                      "--server-count-source", () -> ServerCountSource.parse(serverCountSource)),
                  countServerLeases ? leases() : null),
              new Dialling(
                  localAddress.isEmpty() ? null : address("--local-address", localAddress),
                  ranges(),
                  Dialling.DEFAULT.timeout(),
                  xfrChannelSize,
                  warnOnChannelLimit,
                  grace),
              Optional.empty(),
              Optional.empty());
      return options.withServing(
          serving(
              "--health-server-host", healthServerHost, "--health-server-port", healthServerPort),
          serving(
              "--admin-bind-address", adminBindAddress, "--admin-server-port", adminServerPort));
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), Component.reason(e), e);
    }
  }

  private String id() {
    if (agentId != null) {
      return agentId;
    }
    var given = System.getenv("PROXY_AGENT_ID");
    return given == null || given.isEmpty() ? UUID.randomUUID().toString() : given;
  }

  private LeaseCounting leases() throws IOException {
    var client =
        Flag.read(
            "--kubeconfig",
            () ->
                kubeconfig == null || kubeconfig.toString().isEmpty()
                    ? InCluster.config(System.getenv())
                    : ClientConfig.read(kubeconfig));
    return new LeaseCounting(client, leaseNamespace, leaseLabel);
  }

  private List<AddressRange> ranges() throws IOException {
    return Flag.read(
        "--allowed-targets", () -> allowedTargets.stream().map(AddressRange::parse).toList());
  }

  /** Returns null, as Go's flags have it, also for what is empty. */
  private static Path existing(String flag, Path file) throws IOException {
    if (file == null || file.toString().isEmpty()) {
      return null;
    }
    if (!Files.exists(file)) {
      throw new IOException(
          flag + ": " + Component.reason(new NoSuchFileException(file.toString())));
    }
    return file;
  }

  private static InetAddress address(String flag, String text) throws IOException {
    return Flag.read(flag, () -> InetAddress.ofLiteral(text));
  }

  private static SocketAddress serving(String hostFlag, String host, String portFlag, int port)
      throws IOException {
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException(portFlag + " must be between 1 and 65535, but is " + port);
    }
    return SocketAddress.inetSocketAddress(
        port, host.isEmpty() ? "0.0.0.0" : address(hostFlag, host).getHostAddress());
  }
}
