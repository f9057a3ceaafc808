package io.hubspoke.lab;

import io.hubspoke.api.Names;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.join.Admission;
import io.hubspoke.lab.join.ClusterInfo;
import io.hubspoke.lab.join.Discovery;
import io.hubspoke.lab.join.KubeletConfig;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Adds this process to a cluster as a node, with kubeadm's discovery. */
@Command(
    name = "join",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Joins a cluster as one more node, which runs in this process until Ctrl-C.",
      "The cluster is believed when the token has signed what it says of itself, and its"
          + " authority's key has the hash given. A second run in the same directory comes back as"
          + " the same node."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:stopped by Ctrl-C or SIGTERM, in order",
      "1:the node did not get in; one line says why, and nothing is left of it"
    },
    footer = {
      "",
      "Example:",
      "  hubspoke token create --kubeconfig lab/admin.kubeconfig --print-join-command",
      "  hubspoke join 127.0.11.1:6443 --token abcdef.0123456789abcdef \\",
      "    --discovery-token-ca-cert-hash sha256:... --node-name laptop --dir laptop"
    })
final class JoinCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "HOST:PORT",
      description = "Where nodes find the apiserver.")
  private String endpoint;

  @Mixin private DiscoveryFlags discovery;

  @Option(
      names = "--node-name",
      paramLabel = "NAME",
      description = "Name of the node (default: this machine's).")
  private String nodeName;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Where the node keeps its certificates and pods (default: the node's name).")
  private Path directory;

  @Option(
      names = {"--container-runtime-endpoint", "--cri-socket"},
      defaultValue = "in-process://",
      paramLabel = "ENDPOINT",
      description =
          "What runs containers: in-process://, process://, or a CRI socket such as"
              + " unix:///run/containerd/containerd.sock (default: ${DEFAULT-VALUE}).")
  private String containerRuntimeEndpoint;

  @Option(
      names = "--node-ip",
      paramLabel = "ADDRESS",
      description = "The node's address (default: a free one of the lab's).")
  private String nodeIp;

  @Option(
      names = "--pod-cidr",
      paramLabel = "RANGE",
      description = "Addresses of in-process pods; goes with --node-ip.")
  private String podCidr;

  @Override
  public Integer call() throws Exception {
    var server = server();
    var name = nodeName();
    var runtime = parsed("", () -> RuntimeEndpoint.parse(containerRuntimeEndpoint));
    var dir = directory == null ? Path.of(name) : directory;
    var known = JoinDirectory.facts(dir);
    if (known != null) {
      isSame(known, server, name, dir);
      try (var home = JoinDirectory.open(dir);
          var _ = NodeClaim.of(known.address(), known.podCidr())) {
        return run(known, home, dir, runtime);
      }
    }
    var secret = discovery.token(spec);
    var pins = discovery.pins(spec);
    if (Files.exists(dir) && !isEmpty(dir)) {
      throw new IOException("--dir " + dir + ": is not empty, and no node has joined with it");
    }
    var vertx = Component.vertx();
    ClusterInfo cluster;
    KubeletConfig kubelet;
    try {
      cluster = new Discovery(vertx, server, secret, pins, DiscoveryFlags.PATIENCE).find();
      kubelet = new Admission(vertx, cluster, secret).ask(name);
    } finally {
      Mesh.close(vertx);
    }
    try (var claim = claim(server)) {
      var facts =
          new JoinDirectory.Facts(
              name, server.toString(), claim.address(), claim.podCidr(), kubelet);
      try (var home = JoinDirectory.open(dir)) {
        try {
          home.write(facts, cluster, secret);
        } catch (IOException e) {
          home.abandon();
          throw e;
        }
        return run(facts, home, dir, runtime);
      }
    }
  }

  private int run(
      JoinDirectory.Facts facts, JoinDirectory home, Path dir, RuntimeEndpoint runtime) {
    var options =
        KubeletOptions.node(facts.nodeName(), facts.address(), dir)
            .inProcessImages(Hubspoke.images(dir))
            .port(Addresses.KUBELET_PORT)
            .bootstrapKubeconfig(home.bootstrapKubeconfig())
            .clientCaFile(home.authority())
            .anonymousAuth(facts.kubelet().anonymousAuth())
            .server(api -> api.tokenWebhook(true))
            .authorizationMode(AuthorizationMode.parse(facts.kubelet().authorizationMode()))
            .rotateServerCertificates(facts.kubelet().serverTlsBootstrap())
            .podCidr(facts.podCidr())
            .containerRuntimeEndpoint(runtime)
            .build();
    var out = spec.commandLine().getOut();
    var node =
        new JoinedNode(
            options,
            home,
            () -> {
              out.printf(
                  "node %s has joined the cluster at %s; its address is %s%n",
                  facts.nodeName(), facts.server(), facts.address());
              out.println("Ctrl-C stops it; the same --dir brings it back");
              out.flush();
            });
    out.printf("node %s asks the cluster at %s in%n", facts.nodeName(), facts.server());
    out.flush();
    return Component.run(node, node.joined(), System.err);
  }

  private static void isSame(JoinDirectory.Facts known, URI server, String name, Path dir)
      throws IOException {
    if (!known.server().equals(server.toString()) || !known.nodeName().equals(name)) {
      throw new IOException(
          "--dir %s: is node %s of the cluster at %s, take another directory for node %s of %s"
              .formatted(dir, known.nodeName(), known.server(), name, server));
    }
  }

  private URI server() {
    return parsed(
        "",
        () -> {
          var url = URI.create("https://" + endpoint);
          if (url.getHost() == null || url.getPort() < 1 || !url.getAuthority().equals(endpoint)) {
            throw new IllegalArgumentException(
                "\"" + endpoint + "\" is not an apiserver's address, expected HOST:PORT");
          }
          return url;
        });
  }

  private String nodeName() throws IOException {
    var name =
        (nodeName == null ? InetAddress.getLocalHost().getHostName() : nodeName)
            .toLowerCase(Locale.ROOT);
    var wrong = Names.dns1123Subdomain(name);
    if (!wrong.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "--node-name \"" + name + "\": " + String.join("; ", wrong));
    }
    return name;
  }

  private NodeClaim claim(URI server) throws IOException {
    if (nodeIp != null) {
      return NodeClaim.of(nodeIp, podCidr == null ? "" : podCidr);
    }
    var lab = Addresses.ofServer(server.getHost());
    if (lab.isEmpty()) {
      throw new IOException(
          server + " is not a lab of this machine: --node-ip and --pod-cidr say where the node is");
    }
    return NodeClaim.free(lab.get());
  }

  private <T> T parsed(String flag, Supplier<T> read) {
    try {
      return read.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), flag + e.getMessage(), e);
    }
  }

  private static boolean isEmpty(Path dir) throws IOException {
    try (var files = Files.list(dir)) {
      return files.findAny().isEmpty();
    }
  }
}
