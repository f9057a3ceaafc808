package io.hubspoke.lab;

import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Names;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Component;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes authorities, certificates and kubeconfig files, as {@code kubeadm init phase} does. */
@Command(
    name = "certs",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Writes what components in processes of their own need: authorities, certificates, keys and"
          + " kubeconfig files, under kubeadm's names.",
      "Authorities, the keys of service accounts, SSH keys and the token by which nodes join are kept"
          + " when they are there; the rest is issued anew."
    },
    footer = {
      "",
      "Example:",
      "  hubspoke certs --dir cluster --control-plane-endpoint 10.0.0.1:6443 \\",
      "    --apiserver-cert-extra-sans api.example.com --service-cidr 10.96.0.0/16",
      "",
      "As a Job of the cluster that the components run in:",
      "  hubspoke certs --in-cluster --dir /pki --node-namespace hubspoke-nodes \\",
      "    --control-plane-endpoint apiserver.hubspoke-control-plane.svc"
    })
final class CertsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      defaultValue = "lab",
      paramLabel = "DIR",
      description = "Where the files go (default: ${DEFAULT-VALUE}).")
  private Path directory;

  @Option(
      names = "--control-plane-endpoint",
      required = true,
      paramLabel = "HOST[:PORT]",
      description = "Where all clients find the apiserver; the port is 6443 if none is named.")
  private String controlPlaneEndpoint;

  @Option(
      names = "--apiserver-advertise-address",
      paramLabel = "IP",
      description = "Address of the apiserver that its certificate is to name as well.")
  private String advertiseAddress;

  @Option(
      names = "--apiserver-cert-extra-sans",
      split = ",",
      paramLabel = "NAME",
      description = "More names and addresses of the apiserver.")
  private List<String> extraNames = List.of();

  @Option(
      names = "--service-cidr",
      defaultValue = "127.96.0.0/16",
      paramLabel = "CIDR",
      description =
          "Addresses of services; the first is that of service kubernetes (default:"
              + " ${DEFAULT-VALUE}).")
  private String serviceCidr;

  @Option(
      names = "--service-dns-domain",
      defaultValue = "cluster.local",
      paramLabel = "DOMAIN",
      description = "Domain of services (default: ${DEFAULT-VALUE}).")
  private String serviceDnsDomain;

  @Option(
      names = "--konnectivity-server-sans",
      split = ",",
      paramLabel = "NAME",
      description =
          "Names and addresses at which agents find a Konnectivity server (default: the host of"
              + " --control-plane-endpoint).")
  private List<String> konnectivityNames = List.of();

  @Option(
      names = "--in-cluster",
      description =
          "Keep everything in Secrets and ConfigMaps of the cluster that this runs in, by its own"
              + " service account; DIR is only passed through.")
  private boolean inCluster;

  @Option(
      names = "--node-namespace",
      paramLabel = "NAMESPACE",
      description = "With --in-cluster: where what nodes need goes (default: the own namespace).")
  private String nodeNamespace;

  @Override
  public Integer call() throws Exception {
    var endpoints = endpoints();
    try (var _ = DirectoryLock.of(directory)) {
      if (inCluster) {
        publish(endpoints);
      } else {
        DeploymentFiles.write(directory, endpoints);
        say("wrote " + directory.resolve("pki") + " and kubeconfig files in " + directory);
      }
    }
    return 0;
  }

  private void publish(ControlPlaneEndpoints endpoints) throws Exception {
    var config = ClientConfig.inCluster().withUserAgent("hubspoke-certs");
    var own = ClientConfig.inClusterNamespace();
    var vertx = Component.vertx();
    var client = new ApiClient(vertx, config);
    try {
      var secrets =
          new ClusterSecrets(
              client, directory, own, nodeNamespace == null ? own : nodeNamespace, this::say);
      secrets.publish(() -> DeploymentFiles.write(directory, endpoints));
    } finally {
      Component.await(client.close().otherwiseEmpty());
      Mesh.close(vertx);
    }
  }

  private void say(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }

  /** What the flags say of the control plane. */
  ControlPlaneEndpoints endpoints() {
    var host = host();
    var domain = host.endsWith(".svc") ? List.of(host + "." + serviceDnsDomain) : List.<String>of();
    checkName("--service-dns-domain", serviceDnsDomain);
    var names = new ArrayList<>(ControlPlaneEndpoints.WELL_KNOWN);
    names.add("kubernetes.default.svc." + serviceDnsDomain);
    names.add(firstService());
    names.add(host);
    names.addAll(domain);
    if (advertiseAddress != null) {
      names.add(literal("--apiserver-advertise-address", advertiseAddress));
    }
    names.addAll(checked("--apiserver-cert-extra-sans", extraNames));
    var konnectivity = new ArrayList<>(checked("--konnectivity-server-sans", konnectivityNames));
    if (konnectivity.isEmpty()) {
      konnectivity.add(host);
      konnectivity.addAll(domain);
    }
    var url = "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    return new ControlPlaneEndpoints(
        url, url, url, names.stream().distinct().toList(), konnectivity);
  }

  private String host() {
    var colon = portSeparator();
    var host = colon < 0 ? controlPlaneEndpoint : controlPlaneEndpoint.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      return literal("--control-plane-endpoint", host.substring(1, host.length() - 1));
    }
    return checkName("--control-plane-endpoint", host);
  }

  private String port() {
    var colon = portSeparator();
    if (colon < 0) {
      return String.valueOf(Addresses.API_PORT);
    }
    var port = controlPlaneEndpoint.substring(colon + 1);
    if (!port.matches("[1-9][0-9]{0,4}") || Integer.parseInt(port) > 65535) {
      throw misuse("--control-plane-endpoint: \"" + port + "\" is no port from 1 to 65535");
    }
    return port;
  }

  /** The colons of an IPv6 address, which is in brackets where a port follows, are none. */
  private int portSeparator() {
    var last = controlPlaneEndpoint.lastIndexOf(':');
    var bracket = controlPlaneEndpoint.lastIndexOf(']');
    var bareAddress = bracket < 0 && controlPlaneEndpoint.indexOf(':') < last;
    return bareAddress || last < bracket ? -1 : last;
  }

  private String firstService() {
    AddressRange range;
    try {
      range = AddressRange.parse(serviceCidr);
    } catch (IllegalArgumentException e) {
      throw misuse("--service-cidr: " + e.getMessage());
    }
    var address = range.base().getAddress();
    address[address.length - 1]++;
    try {
      return InetAddress.getByAddress(address).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address has the length of an address", e);
    }
  }

  private List<String> checked(String flag, List<String> names) {
    return names.stream().map(name -> checkName(flag, name)).toList();
  }

  private String checkName(String flag, String name) {
    if (name.matches("[0-9.]+") || name.contains(":")) {
      return literal(flag, name);
    }
    var wrong = Names.dns1123Subdomain(name.startsWith("*.") ? name.substring(2) : name);
    if (!wrong.isEmpty()) {
      throw misuse(
          "%s: \"%s\" is neither an address nor a name: %s"
              .formatted(flag, name, wrong.getFirst()));
    }
    return name;
  }

  private String literal(String flag, String address) {
    try {
      return InetAddress.ofLiteral(address).getHostAddress();
    } catch (IllegalArgumentException e) {
      throw misuse("%s: \"%s\" is no IP address".formatted(flag, address));
    }
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
