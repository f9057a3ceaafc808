package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Quantity;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.server.AccessLog;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.kubelet.server.ServerOptions;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.GoDuration;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a kubelet from the command line, with the real one's flags. */
@Command(
    name = "kubelet",
    description = "Runs a node agent: registers a node and runs the pods bound to it.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  hubspoke kubelet --hostname-override=node-1 --node-ip=127.10.0.1 \\",
      "    --bootstrap-kubeconfig=bootstrap.kubeconfig --kubeconfig=node-1/kubelet.kubeconfig \\",
      "    --root-dir=node-1 --cert-dir=node-1/pki --client-ca-file=ca.crt --anonymous-auth=false"
    })
public final class KubeletCommand implements Callable<Integer> {
  /** As the real kubelet has it of crashLoopBackOff.maxContainerRestartPeriod. */
  private static final Duration SHORTEST_RESTART_PERIOD = Duration.ofSeconds(1);

  private static final Duration LONGEST_RESTART_PERIOD = Duration.ofMinutes(5);

  private final Function<Path, List<InProcessImage>> images;

  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "file of kind KubeletConfiguration; a flag counts more than its field, and without a"
              + " field callers must be known and the apiserver decides (Webhook)")
  private Path config;

  @Option(names = "--hostname-override", required = true, description = "name of the node")
  private String nodeName;

  @Option(names = "--node-ip", required = true, description = "address that the node advertises")
  private String nodeIp;

  @Option(names = "--address", description = "address that the API listens on (the node's)")
  private String address;

  @Option(names = "--port", description = "port of the API (${DEFAULT-VALUE})")
  private int port = 10250;

  @Option(
      names = "--bootstrap-kubeconfig",
      description = "credentials to ask for the node's own with")
  private Path bootstrapKubeconfig;

  @Option(
      names = "--kubeconfig",
      description =
          "the node's credentials; written by the bootstrap (<root-dir>/kubelet.kubeconfig)")
  private Path kubeconfig;

  @Option(names = "--cert-dir", description = "where certificates go (<root-dir>/pki)")
  private Path certDir;

  @Option(names = "--root-dir", description = "where files go (${DEFAULT-VALUE})")
  private Path rootDir = Path.of("/var/lib/kubelet");

  @Option(
      names = "--client-ca-file",
      description = "authorities of the client certificates that the API accepts")
  private Path clientCaFile;

  @Option(
      names = "--anonymous-auth",
      arity = "0..1",
      fallbackValue = "true",
      description = "lets callers without credentials in (${DEFAULT-VALUE})")
  private boolean anonymousAuth = true;

  @Option(
      names = "--authorization-mode",
      description = "AlwaysAllow, or Webhook: the apiserver decides (${DEFAULT-VALUE})")
  private String authorizationMode = "AlwaysAllow";

  @Option(
      names = "--authentication-token-webhook",
      arity = "0..1",
      fallbackValue = "true",
      description = "asks the apiserver about bearer tokens of callers (${DEFAULT-VALUE})")
  private boolean tokenWebhook;

  @Option(
      names = "--authentication-token-webhook-cache-ttl",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long an answer about a token holds (2m)")
  private Duration tokenCacheTtl = Duration.ofMinutes(2);

  @Option(
      names = "--authorization-webhook-cache-authorized-ttl",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a yes of the apiserver holds (5m)")
  private Duration authorizedTtl = Duration.ofMinutes(5);

  @Option(
      names = "--authorization-webhook-cache-unauthorized-ttl",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long a no of the apiserver holds (30s)")
  private Duration unauthorizedTtl = Duration.ofSeconds(30);

  @Option(
      names = "--enable-debugging-handlers",
      arity = "0..1",
      fallbackValue = "true",
      description = "serves exec, attach, port-forward, run and logs (${DEFAULT-VALUE})")
  private boolean debuggingHandlers = true;

  @Option(
      names = "--enable-system-log-handler",
      arity = "0..1",
      fallbackValue = "true",
      description =
          "serves <root-dir>/logs under /logs/; in the real kubelet's configuration file only"
              + " (${DEFAULT-VALUE})")
  private boolean systemLogHandler = true;

  @Option(
      names = "--streaming-connection-idle-timeout",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how long streams may stay without a byte; 0 for ever (4h)")
  private Duration streamIdleTimeout = Duration.ofHours(4);

  @Option(
      names = "--healthz-bind-address",
      paramLabel = "IP",
      description = "where health is served in clear (${DEFAULT-VALUE})")
  private String healthzBindAddress = "127.0.0.1";

  @Option(
      names = "--healthz-port",
      paramLabel = "PORT",
      description = "on which port; 0 for none (${DEFAULT-VALUE})")
  private int healthzPort = 10248;

  @Option(
      names = "--rotate-certificates",
      arity = "0..1",
      fallbackValue = "true",
      description = "renews the node's client certificate before it ends (${DEFAULT-VALUE})")
  private boolean rotateCertificates = true;

  @Option(
      names = "--rotate-server-certificates",
      arity = "0..1",
      fallbackValue = "true",
      description = "gets the API's certificate from the cluster and renews it (${DEFAULT-VALUE})")
  private boolean rotateServerCertificates;

  @Option(names = "--tls-cert-file", description = "certificate of the API")
  private Path tlsCertFile;

  @Option(names = "--tls-private-key-file", description = "its key")
  private Path tlsPrivateKeyFile;

  @Option(
      names = "--register-node",
      arity = "0..1",
      fallbackValue = "true",
      description = "creates the Node object (${DEFAULT-VALUE})")
  private boolean registerNode = true;

  @Option(
      names = "--node-labels",
      split = ",",
      paramLabel = "KEY=VALUE",
      description = "labels to register the node with")
  private Map<String, String> nodeLabels = new HashMap<>();

  @Option(names = "--max-pods", description = "most pods that run here (${DEFAULT-VALUE})")
  private int maxPods = 110;

  @Option(names = "--pod-cidr", description = "addresses of pods, where the Node object names none")
  private String podCidr = "";

  @Option(
      names = "--pod-listen-cidr",
      description =
          "where in-process pods listen instead, when something relays their own addresses; not a"
              + " flag of the real kubelet")
  private String podListenCidr = "";

  @Option(
      names = "--pod-manifest-path",
      paramLabel = "DIR",
      description = "folder of static pods' manifests, followed while the kubelet runs")
  private Path podManifestPath;

  @Option(
      names = "--container-runtime-endpoint",
      paramLabel = "ENDPOINT",
      description =
          "what runs containers: in-process:// (built-in images in this process), process:// (each a"
              + " process of this machine, images hubspoke/host and busybox; process:///FOLDER for"
              + " more images: a folder NAME:TAG for each, with rootfs/ or bin/ and config.json), or a CRI socket such as"
              + " unix:///run/containerd/containerd.sock (${DEFAULT-VALUE})")
  private String containerRuntimeEndpoint = "in-process://";

  @Option(
      names = "--ssh-host-keys",
      split = ",",
      paramLabel = "FILE",
      description =
          "public keys of the node's SSH server, published when the node joins; not a flag of the"
              + " real kubelet")
  private List<Path> sshHostKeys = List.of();

  @Option(
      names = "--node-status-update-frequency",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "how often the node's status is looked at, such as 10s (10s)")
  private Duration nodeStatusUpdateFrequency = Duration.ofSeconds(10);

  @Option(
      names = "--node-status-report-frequency",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description =
          "how often a status that has not changed is told nevertheless; in the real kubelet's"
              + " configuration file only (5m)")
  private Duration nodeStatusReportFrequency = Duration.ofMinutes(5);

  @Option(
      names = "--node-lease-duration",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description =
          "how long the node's lease holds, renewed four times as often; in the real kubelet's"
              + " configuration file only (40s)")
  private Duration nodeLeaseDuration = Duration.ofSeconds(40);

  @Option(
      names = "--max-container-restart-period",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description =
          "longest wait before a crashed container is started again; in the real kubelet's"
              + " configuration file only (5m)")
  private Duration maxRestartPeriod = LONGEST_RESTART_PERIOD;

  @Option(
      names = "--container-log-max-size",
      paramLabel = "QUANTITY",
      description =
          "how large a container's log becomes before it is begun anew (${DEFAULT-VALUE})")
  private String logMaxSize = "10Mi";

  @Option(
      names = "--access-log-path",
      paramLabel = "FILE",
      description =
          "where to write a line of JSON for each request to the API: who asked for what, and how"
              + " he was answered; not a flag of the real kubelet")
  private Path accessLogPath;

  /** Makes a command whose in-process runtime has its built-in images. */
  public KubeletCommand() {
    this(rootDir -> List.of());
  }

  /**
   * Makes a command whose in-process runtime has more images.
   *
   * @param images given the directory for the kubelet's files
   */
  public KubeletCommand(Function<Path, List<InProcessImage>> images) {
    this.images = images;
  }

  @Override
  public Integer call() {
    KubeletOptions options;
    try {
      if (config != null) {
        ConfigurationFields.read(config, spec);
      }
      options = options();
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    Kubelet kubelet = new Kubelet(options);
    return Component.run(kubelet, kubelet.ended(), System.err);
  }

  /** Returns the options that the flags give. */
  KubeletOptions options() {
    KubeletOptions.Builder builder =
        KubeletOptions.node(nodeName, nodeIp, rootDir)
            .port(port)
            .bootstrapKubeconfig(bootstrapKubeconfig)
            .clientCaFile(clientCaFile)
            .anonymousAuth(anonymousAuth)
            .authorizationMode(AuthorizationMode.parse(authorizationMode))
            .server(this::serve)
            .rotateCertificates(rotateCertificates)
            .rotateServerCertificates(rotateServerCertificates)
            .tlsFiles(tlsCertFile, tlsPrivateKeyFile)
            .registerNode(registerNode)
            .nodeLabels(nodeLabels)
            .maxPods(maxPods)
            .podCidr(podCidr)
            .podListenCidr(podListenCidr)
            .podManifestPath(podManifestPath)
            .containerRuntimeEndpoint(RuntimeEndpoint.parse(containerRuntimeEndpoint))
            .inProcessImages(images.apply(rootDir))
            .sshHostKeys(sshHostKeys)
            .nodeStatusUpdateFrequency(nodeStatusUpdateFrequency)
            .nodeStatusReportFrequency(nodeStatusReportFrequency)
            .maxCrashLoopBackOff(maxRestartPeriod())
            .maxLogSize(logBytes())
            .nodeLeaseDuration(nodeLeaseDuration);
    if (address != null) {
      builder.address(address);
    }
    if (kubeconfig != null) {
      builder.kubeconfig(kubeconfig);
    }
    if (certDir != null) {
      builder.certDir(certDir);
    }
    return builder.build();
  }

  private Duration maxRestartPeriod() {
    if (maxRestartPeriod.compareTo(SHORTEST_RESTART_PERIOD) < 0
        || maxRestartPeriod.compareTo(LONGEST_RESTART_PERIOD) > 0) {
      throw new IllegalArgumentException(
          "--max-container-restart-period must be between 1s and 5m, but is "
              + GoDuration.format(maxRestartPeriod));
    }
    return maxRestartPeriod;
  }

  private long logBytes() {
    try {
      long bytes = Quantity.getAmountInBytes(new Quantity(logMaxSize)).longValueExact();
      if (bytes > 0) {
        return bytes;
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      // Said below, in one way whatever is wrong.
    }
    throw new IllegalArgumentException(
        "--container-log-max-size must be a quantity of bytes such as 10Mi, but is \""
            + logMaxSize
            + "\"");
  }

  private SocketAddress healthz() {
    if (healthzPort < 0 || healthzPort > 65535) {
      throw new IllegalArgumentException(
          "--healthz-port must be between 0 and 65535, but is " + healthzPort);
    }
    try {
      String host = InetAddress.ofLiteral(healthzBindAddress).getHostAddress();
      return healthzPort == 0 ? null : SocketAddress.inetSocketAddress(healthzPort, host);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--healthz-bind-address must be an IP address, but is \"" + healthzBindAddress + "\"", e);
    }
  }

  private void serve(ServerOptions.Builder server) {
    server
        .tokenWebhook(tokenWebhook)
        .tokenCacheTtl(tokenCacheTtl)
        .authorizationTtl(authorizedTtl, unauthorizedTtl)
        .debuggingHandlers(debuggingHandlers)
        .systemLogHandler(systemLogHandler)
        .streamIdleTimeout(streamIdleTimeout)
        .healthz(healthz());
    if (accessLogPath != null) {
      server.accessListener(AccessLog.open(accessLogPath));
    }
  }
}
