package io.hubspoke.lab;

import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.lab.wire.Wire;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Optional;

/** What a mesh has beside its nodes so that its control plane reaches them. */
public sealed interface Tunnels permits NoTunnels, SshServers, KonnectivityTunnels {

  /** Makes what the mesh's egress needs; nothing runs yet. */
  static Tunnels of(Vertx vertx, Site site, MeshComponents components) {
    return switch (components.options().egress()) {
      case DIRECT -> new NoTunnels();
      case SSH -> new SshServers(site, components);
      case KONNECTIVITY_GRPC, KONNECTIVITY_HTTP_CONNECT ->
          new KonnectivityTunnels(vertx, site, components);
    };
  }

  /** Starts what must be there before the apiserver; blocks. */
  void open() throws Exception;

  /** Through what the apiserver is to dial. */
  EgressOptions egress();

  /** Makes the objects of the API that tunnels need. */
  Future<Void> publish(ApiClient admin);

  /** Starts a node's end, before its kubelet. */
  Future<Void> start(String node, int n);

  /** Tells a node's kubelet what it has to know. */
  default KubeletOptions.Builder kubelet(String node, KubeletOptions.Builder options) {
    return options;
  }

  /** Returns the wire on the untrusted part of the way to a node; empty without a tunnel. */
  Optional<Wire> wire(String node);

  /** Ends a node's end; what is not there is as good. */
  Future<Void> stop(String node);

  /** Ends all of it, after the apiserver. */
  Future<Void> close();
}
