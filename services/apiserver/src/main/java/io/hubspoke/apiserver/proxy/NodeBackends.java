package io.hubspoke.apiserver.proxy;

import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.kubeletclient.NodeAddresses;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;

/**
 * Finds a node's kubelet, or another port of the node. To the kubelet's port it is always the
 * kubelet's own connection, whatever scheme is asked for.
 */
final class NodeBackends implements BackendFinder {
  private final NodeAddresses addresses;

  NodeBackends(NodeAddresses addresses) {
    this.addresses = addresses;
  }

  @Override
  public Future<Backend> find(ApiRequest request) {
    TargetName target = TargetName.parse("node", request.info().name());
    return addresses
        .of(target.name())
        .map(
            kubelet -> {
              int kubelets = kubelet.target().port();
              int port = target.portOr(kubelets);
              return port == kubelets
                  ? new Backend.Kubelet(kubelet)
                  : new Backend.Direct(
                      target.tls(),
                      new Target(kubelet.target().host(), port, kubelet.target().node()));
            });
  }
}
