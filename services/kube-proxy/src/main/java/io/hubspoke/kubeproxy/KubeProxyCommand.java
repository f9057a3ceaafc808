package io.hubspoke.kubeproxy;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.kubeproxy.nftables.NftablesOptions;
import io.hubspoke.kubeproxy.nftables.NftablesProxier;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Flag;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Runs a kube-proxy from the command line, with the real one's flags. */
@Command(
    name = "kube-proxy",
    description =
        "Runs the kube-proxy: leads the virtual addresses of services to their endpoints.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Example:",
      "  hubspoke kube-proxy --kubeconfig=kube-proxy.kubeconfig --hostname-override=node-1 \\",
      "    --proxy-mode=userspace --bind-address=127.10.0.1"
    })
public final class KubeProxyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      description =
          "file of kind KubeProxyConfiguration; all other flags but --hostname-override and"
              + " --cleanup then count for nothing")
  private Path config;

  @Option(names = "--kubeconfig", description = "apiserver and credentials")
  private Path kubeconfig;

  @Option(names = "--hostname-override", description = "name of the node (the host's)")
  private String hostnameOverride = "";

  @Option(
      names = "--proxy-mode",
      description = "nftables, or userspace: this process (nftables where it can be had)")
  private String proxyMode = "";

  @Option(
      names = "--bind-address",
      description =
          "the node's own address; 0.0.0.0 for that of the Node object (${DEFAULT-VALUE})")
  private String bindAddress = KubeProxyOptions.ANY_ADDRESS;

  @Option(
      names = "--bind-address-hard-fail",
      arity = "0..1",
      fallbackValue = "true",
      description = "ends when health or metrics cannot be served (${DEFAULT-VALUE})")
  private boolean bindAddressHardFail;

  @Option(
      names = "--healthz-bind-address",
      paramLabel = "IP:PORT",
      description = "where health is served; empty for nowhere (${DEFAULT-VALUE})")
  private String healthz = KubeProxyOptions.ANY_ADDRESS + ":" + KubeProxyOptions.HEALTHZ_PORT;

  @Option(
      names = "--metrics-bind-address",
      paramLabel = "IP:PORT",
      description = "where metrics are served; empty for nowhere (${DEFAULT-VALUE})")
  private String metrics = "127.0.0.1:" + KubeProxyOptions.METRICS_PORT;

  @Option(
      names = "--nodeport-addresses",
      split = ",",
      paramLabel = "CIDR",
      description = "on which of the node's addresses node ports are; \"primary\" for its own")
  private List<String> nodePortAddresses = new ArrayList<>();

  @Option(names = "--cluster-cidr", paramLabel = "CIDR", description = "addresses of pods")
  private String clusterCidr = "";

  @Option(
      names = "--masquerade-all",
      arity = "0..1",
      fallbackValue = "true",
      description = "gives whatever is sent to services the node's address (${DEFAULT-VALUE})")
  private boolean masqueradeAll;

  @Option(
      names = "--cleanup",
      arity = "0..1",
      fallbackValue = "true",
      description = "takes away what an earlier run left in the packet filter, and ends")
  private boolean cleanup;

  @Override
  public Integer call() throws IOException {
    if (cleanup) {
      NftablesProxier.cleanUp(NftablesOptions.DEFAULTS);
      return 0;
    }
    return Component.run(new KubeProxy(options(), Proxiers.standard()), System.err);
  }

  /** Returns the options that flags and file give. */
  KubeProxyOptions options() {
    try {
      return config == null ? ofFlags() : ofFile();
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), Component.reason(e), e);
    }
  }

  private KubeProxyOptions ofFile() throws IOException {
    var configuration = Flag.read("--config", () -> KubeProxyConfiguration.read(config));
    configuration.logging().apply(spec);
    var file = configuration.kubeconfig();
    if (file.isEmpty()) {
      throw new IllegalArgumentException(
          "--config: " + config + ": clientConnection.kubeconfig: must name a file");
    }
    return KubeProxyOptions.of(
        client("clientConnection.kubeconfig", Path.of(file)),
        nodeName(hostnameOverride.isEmpty() ? configuration.hostnameOverride() : hostnameOverride),
        configuration);
  }

  private KubeProxyOptions ofFlags() throws IOException {
    if (kubeconfig == null) {
      throw new IllegalArgumentException("--kubeconfig or --config must be given");
    }
    var options =
        KubeProxyOptions.of(client("--kubeconfig", kubeconfig), nodeName(hostnameOverride))
            .withMode(Flag.read("--proxy-mode", () -> ProxyMode.parse(proxyMode)))
            .withBindAddress(
                Flag.read(
                    "--bind-address", () -> InetAddress.ofLiteral(bindAddress).getHostAddress()))
            .withNodePortAddresses(
                KubeProxyConfiguration.checkNodePortAddresses(
                    "--nodeport-addresses", nodePortAddresses))
            .withClusterCidr(clusterCidr)
            .withServing(
                serving("--healthz-bind-address", healthz, KubeProxyOptions.HEALTHZ_PORT),
                serving("--metrics-bind-address", metrics, KubeProxyOptions.METRICS_PORT));
    options = masqueradeAll ? options.withMasqueradeAll() : options;
    return bindAddressHardFail ? options.withBindAddressHardFail() : options;
  }

  private static SocketAddress serving(String flag, String text, int port) {
    return text.isEmpty()
        ? null
        : KubeProxyConfiguration.listen(flag, text, KubeProxyOptions.ANY_ADDRESS, port);
  }

  private static ClientConfig client(String name, Path file) throws IOException {
    return Flag.read(name, () -> ClientConfig.read(file));
  }

  private static String nodeName(String override) throws UnknownHostException {
    var name = override.isEmpty() ? InetAddress.getLocalHost().getHostName() : override;
    return name.strip().toLowerCase(Locale.ROOT);
  }
}
