package io.hubspoke.kubelet;

import io.hubspoke.client.InFlightLimit;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.runtime.ListenAddresses;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.server.Access;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.kubelet.server.ConnectionLimits;
import io.hubspoke.kubelet.server.ServerOptions;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What a kubelet is started with; names and defaults are those of the real one's flags and of its
 * configuration file. Absent paths are null.
 *
 * @param nodeName {@code --hostname-override}
 * @param nodeIp {@code --node-ip}: the address that the node advertises
 * @param clientAddress source address of connections to the apiserver; empty for any
 * @param rootDir {@code --root-dir}: where pods' files and logs go
 * @param podCidr {@code --pod-cidr}: used while the node object names none; may be empty
 * @param rotateCertificates {@code --rotate-certificates}: renews the client certificate
 * @param rotateServerCertificates {@code --rotate-server-certificates}: gets the API's certificate
 *     from the cluster, and renews it
 * @param podListenCidr where in-process pods listen instead of on their own addresses, in a lab
 *     whose wire relays those; may be empty
 * @param crashLoopBackOff first wait before a crashed container is started again; doubles
 * @param maxCrashLoopBackOff longest such wait
 * @param maxLogSize {@code containerLogMaxSize}, in bytes
 * @param podManifestPath {@code --pod-manifest-path}: where manifests of static pods are; may be
 *     null
 * @param containerRuntimeEndpoint {@code --container-runtime-endpoint}: what runs containers
 * @param inProcessImages what the in-process runtime has beside its built-in images
 * @param sshHostKeys {@code --ssh-host-keys}: public keys of the node's SSH server, which the node
 *     publishes when it joins
 * @param requestLimit bounds requests to the apiserver together with those of other kubelets of
 *     this process, whose event loops and processors they share; leases are not held back
 * @param server how the API is served
 */
public record KubeletOptions(
    String nodeName,
    String nodeIp,
    String clientAddress,
    Path bootstrapKubeconfig,
    Path kubeconfig,
    Path certDir,
    Path rootDir,
    boolean rotateCertificates,
    boolean rotateServerCertificates,
    Path tlsCertFile,
    Path tlsPrivateKeyFile,
    boolean registerNode,
    Map<String, String> nodeLabels,
    int maxPods,
    String podCidr,
    String podListenCidr,
    Duration nodeStatusUpdateFrequency,
    Duration nodeStatusReportFrequency,
    Duration nodeLeaseDuration,
    Duration crashLoopBackOff,
    Duration maxCrashLoopBackOff,
    long maxLogSize,
    Path podManifestPath,
    RuntimeEndpoint containerRuntimeEndpoint,
    List<InProcessImage> inProcessImages,
    List<Path> sshHostKeys,
    InFlightLimit requestLimit,
    ServerOptions server) {

  public KubeletOptions {
    Objects.requireNonNull(nodeName, "nodeName");
    Objects.requireNonNull(nodeIp, "nodeIp");
    Objects.requireNonNull(kubeconfig, "kubeconfig");
    Objects.requireNonNull(certDir, "certDir");
    Objects.requireNonNull(rootDir, "rootDir");
    Objects.requireNonNull(containerRuntimeEndpoint, "containerRuntimeEndpoint");
    Objects.requireNonNull(requestLimit, "requestLimit");
    Objects.requireNonNull(server, "server");
    nodeLabels = Map.copyOf(nodeLabels);
    inProcessImages = List.copyOf(inProcessImages);
    sshHostKeys = List.copyOf(sshHostKeys);
    if (!nodeName.matches("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")) {
      throw new IllegalArgumentException(
          "--hostname-override must be a lower-case DNS name, but is \"" + nodeName + "\"");
    }
    checkAddress("--node-ip", nodeIp);
    checkAddress("--address", server.address());
    checkListenCidr(podListenCidr, nodeIp, server.address());
    check(maxPods >= 0, "--max-pods must not be negative, but is " + maxPods);
    check(
        nodeStatusUpdateFrequency.isPositive(),
        "--node-status-update-frequency must be longer than nothing");
    check(
        nodeStatusReportFrequency.isPositive(),
        "--node-status-report-frequency must be longer than nothing");
    if ((tlsCertFile == null) != (tlsPrivateKeyFile == null)) {
      throw new IllegalArgumentException(
          "--tls-cert-file and --tls-private-key-file must be given together");
    }
  }

  private static void checkAddress(String flag, String value) {
    try {
      var unused = InetAddress.ofLiteral(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          flag + " must be an IP address, but is \"" + value + "\"", e);
    }
  }

  private static void checkListenCidr(String cidr, String nodeIp, String address) {
    try {
      if (!cidr.isEmpty()) {
        var unused = ListenAddresses.in(cidr, nodeIp, address);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--pod-listen-cidr: " + e.getMessage(), e);
    }
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** Begins options of a node at an address; everything else has its default. */
  public static Builder node(String name, String ip, Path directory) {
    return new Builder(name, ip, directory);
  }

  /** Collects options. */
  public static final class Builder {
    private final String nodeName;
    private final String nodeIp;
    private String clientAddress = "";
    private Path bootstrapKubeconfig;
    private Path kubeconfig;
    private Path certDir;
    private Path rootDir;
    private boolean rotateCertificates = true;
    private boolean rotateServerCertificates;
    private Path tlsCertFile;
    private Path tlsPrivateKeyFile;
    private boolean registerNode = true;
    private Map<String, String> nodeLabels = Map.of();
    private int maxPods = 110;
    private String podCidr = "";
    private String podListenCidr = "";
    private Duration nodeStatusUpdateFrequency = Duration.ofSeconds(10);
    private Duration nodeStatusReportFrequency = Duration.ofMinutes(5);
    private Duration nodeLeaseDuration = Duration.ofSeconds(40);
    private Duration crashLoopBackOff = Duration.ofSeconds(10);
    private Duration maxCrashLoopBackOff = Duration.ofMinutes(5);
    private long maxLogSize = 10 << 20;
    private Path podManifestPath;
    private RuntimeEndpoint containerRuntimeEndpoint = new RuntimeEndpoint.InProcess();
    private List<InProcessImage> inProcessImages = List.of();
    private List<Path> sshHostKeys = List.of();
    private InFlightLimit requestLimit = InFlightLimit.NONE;
    private final ServerOptions.Builder server;

    private Builder(String nodeName, String nodeIp, Path directory) {
      this.nodeName = nodeName;
      this.nodeIp = nodeIp;
      this.server = ServerOptions.at(nodeIp);
      this.kubeconfig = directory.resolve("kubelet.kubeconfig");
      this.certDir = directory.resolve("pki");
      this.rootDir = directory;
      // On loopback a node is told apart by its source address; elsewhere routing decides.
      if (nodeIp.startsWith("127.")) {
        this.clientAddress = nodeIp;
      }
    }

    public Builder address(String value) {
      server.address(value);
      return this;
    }

    public Builder port(int value) {
      server.port(value);
      return this;
    }

    public Builder clientAddress(String value) {
      clientAddress = value;
      return this;
    }

    public Builder bootstrapKubeconfig(Path value) {
      bootstrapKubeconfig = value;
      return this;
    }

    public Builder kubeconfig(Path value) {
      kubeconfig = value;
      return this;
    }

    public Builder certDir(Path value) {
      certDir = value;
      return this;
    }

    public Builder rootDir(Path value) {
      rootDir = value;
      return this;
    }

    public Builder clientCaFile(Path value) {
      server.clientCaFile(value);
      return this;
    }

    public Builder anonymousAuth(boolean value) {
      server.anonymousAuth(value);
      return this;
    }

    public Builder authorizationMode(AuthorizationMode value) {
      server.authorizationMode(value);
      return this;
    }

    public Builder rotateCertificates(boolean value) {
      rotateCertificates = value;
      return this;
    }

    public Builder rotateServerCertificates(boolean value) {
      rotateServerCertificates = value;
      return this;
    }

    public Builder tlsFiles(Path certificate, Path privateKey) {
      tlsCertFile = certificate;
      tlsPrivateKeyFile = privateKey;
      return this;
    }

    public Builder registerNode(boolean value) {
      registerNode = value;
      return this;
    }

    public Builder nodeLabels(Map<String, String> value) {
      nodeLabels = value;
      return this;
    }

    public Builder maxPods(int value) {
      maxPods = value;
      return this;
    }

    public Builder podCidr(String value) {
      podCidr = value;
      return this;
    }

    public Builder podListenCidr(String value) {
      podListenCidr = value;
      return this;
    }

    public Builder nodeStatusUpdateFrequency(Duration value) {
      nodeStatusUpdateFrequency = value;
      return this;
    }

    public Builder nodeStatusReportFrequency(Duration value) {
      nodeStatusReportFrequency = value;
      return this;
    }

    public Builder nodeLeaseDuration(Duration value) {
      nodeLeaseDuration = value;
      return this;
    }

    public Builder crashLoopBackOff(Duration first, Duration longest) {
      crashLoopBackOff = first;
      maxCrashLoopBackOff = longest;
      return this;
    }

    /** Bounds all such waits, the first one too. */
    public Builder maxCrashLoopBackOff(Duration value) {
      maxCrashLoopBackOff = value;
      crashLoopBackOff = value.compareTo(crashLoopBackOff) < 0 ? value : crashLoopBackOff;
      return this;
    }

    public Builder maxLogSize(long bytes) {
      maxLogSize = bytes;
      return this;
    }

    public Builder podManifestPath(Path value) {
      podManifestPath = value;
      return this;
    }

    public Builder containerRuntimeEndpoint(RuntimeEndpoint value) {
      containerRuntimeEndpoint = value;
      return this;
    }

    public Builder inProcessImages(List<InProcessImage> value) {
      inProcessImages = value;
      return this;
    }

    public Builder sshHostKeys(List<Path> value) {
      sshHostKeys = value;
      return this;
    }

    public Builder requestLimit(InFlightLimit value) {
      requestLimit = value;
      return this;
    }

    /** Changes how the API is served beyond what has a method here. */
    public Builder server(Consumer<ServerOptions.Builder> change) {
      change.accept(server);
      return this;
    }

    public Builder connectionLimits(ConnectionLimits value) {
      server.connectionLimits(value);
      return this;
    }

    public Builder accessListener(Consumer<Access> value) {
      server.accessListener(value);
      return this;
    }

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException naming the flag that makes no sense
     */
    public KubeletOptions build() {
      return new KubeletOptions(
          nodeName,
          nodeIp,
          clientAddress,
          bootstrapKubeconfig,
          kubeconfig,
          certDir,
          rootDir,
          rotateCertificates,
          rotateServerCertificates,
          tlsCertFile,
          tlsPrivateKeyFile,
          registerNode,
          nodeLabels,
          maxPods,
          podCidr,
          podListenCidr,
          nodeStatusUpdateFrequency,
          nodeStatusReportFrequency,
          nodeLeaseDuration,
          crashLoopBackOff,
          maxCrashLoopBackOff,
          maxLogSize,
          podManifestPath,
          containerRuntimeEndpoint,
          inProcessImages,
          sshHostKeys,
          requestLimit,
          server.build());
    }
  }
}
