package io.hubspoke.lab;

import io.hubspoke.client.InFlightLimit;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.images.ApiClientImage;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;

/**
 * What the kubelets of a pool are started with, by their numbers.
 *
 * @param host the one address of all, with a port each; empty where each has its own of loopback
 * @param directory where each node has a directory
 * @param bootstrapKubeconfig what nodes ask for their certificates with
 * @param clientCaFile who vouches for callers of kubelets
 * @param requestLimit what they have under way together at the apiserver
 */
record PoolKubelets(
    Addresses addresses,
    String host,
    Path directory,
    Path bootstrapKubeconfig,
    Path clientCaFile,
    InFlightLimit requestLimit)
    implements IntFunction<KubeletOptions> {
  /**
   * More would only wait, here or at the apiserver, and everything behind them: leases, too, and
   * they must not.
   */
  private static final int MOST_REQUESTS = 128;

  PoolKubelets(
      Addresses addresses,
      String host,
      Path directory,
      Path bootstrapKubeconfig,
      Path clientCaFile) {
    this(
        addresses,
        host,
        directory,
        bootstrapKubeconfig,
        clientCaFile,
        new InFlightLimit(MOST_REQUESTS));
  }

  /** All of them on loopback, with an address each. */
  PoolKubelets(Addresses addresses, Path directory, Path bootstrapKubeconfig, Path clientCaFile) {
    this(addresses, "", directory, bootstrapKubeconfig, clientCaFile);
  }

  @Override
  public KubeletOptions apply(int n) {
    var name = "node-" + n;
    var address = host.isEmpty() ? addresses.nodeAdvertises(n) : host;
    return KubeletOptions.node(name, address, directory.resolve(name))
        .port(host.isEmpty() ? Addresses.KUBELET_PORT : 0)
        .bootstrapKubeconfig(bootstrapKubeconfig)
        .clientCaFile(clientCaFile)
        .anonymousAuth(false)
        .server(server -> server.tokenWebhook(true))
        .authorizationMode(AuthorizationMode.WEBHOOK)
        .podCidr(addresses.podCidr(n))
        .requestLimit(requestLimit)
        .inProcessImages(List.of(ApiClientImage.of(UnaryOperator.identity())))
        .build();
  }
}
