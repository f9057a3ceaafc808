package io.hubspoke.lab;

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
 * @param directory where each node has a directory
 * @param bootstrapKubeconfig what nodes ask for their certificates with
 * @param clientCaFile who vouches for callers of kubelets
 */
record PoolKubelets(
    Addresses addresses, Path directory, Path bootstrapKubeconfig, Path clientCaFile)
    implements IntFunction<KubeletOptions> {
  @Override
  public KubeletOptions apply(int n) {
    var name = "node-" + n;
    return KubeletOptions.node(name, addresses.nodeAdvertises(n), directory.resolve(name))
        .port(Addresses.KUBELET_PORT)
        .bootstrapKubeconfig(bootstrapKubeconfig)
        .clientCaFile(clientCaFile)
        .anonymousAuth(false)
        .server(server -> server.tokenWebhook(true))
        .authorizationMode(AuthorizationMode.WEBHOOK)
        .podCidr(addresses.podCidr(n))
        .inProcessImages(List.of(ApiClientImage.of(UnaryOperator.identity())))
        .build();
  }
}
