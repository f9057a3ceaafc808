package io.hubspoke.lab;

import io.hubspoke.kubelet.server.Access;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.Pem;
import io.vertx.core.Future;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Where a mesh is: its addresses, what runs its components, and from where they can be asked. The
 * mesh itself has the wires, the files and the administrator's client, wherever it is.
 */
interface Site {
  Addresses addresses();

  /** Opens a wire from an address that one side advertises to where the other listens. */
  Future<Wire> wire(SocketAddress advertised, SocketAddress target);

  /**
   * Whether the control plane was there before, with flags of its own: as is Kubernetes' default,
   * its apiserver takes requests without credentials for those of {@code system:anonymous}, and
   * what nodes keep to themselves can't be read.
   */
  default boolean deployed() {
    return false;
  }

  /** Where somebody finds the wire before the apiserver who is where {@link #stranger} is. */
  default String strangersUrl() {
    return Addresses.url(addresses().nodesUplink());
  }

  /** The pods of a control plane that is a deployment: which component each address is of. */
  default Map<String, String> controlPlanePods() throws Exception {
    return Map.of();
  }

  /**
   * Whether something keeps to the network policies of the cluster that a deployment is in. Blocks
   * for seconds.
   */
  default boolean enforcesPolicies() throws Exception {
    return false;
  }

  /** Issues one of the apiserver's certificates anew where that looks for it. */
  default void renew(CertificateRenewal renewal, Path certificate, Path key) throws Exception {
    renewal.pair(certificate, key);
  }

  /** Reads one of the apiserver's certificates where that looks for it. */
  default X509Certificate certificate(Path file) throws Exception {
    return Pem.readCertificates(file).getFirst();
  }

  /** Whether nodes have a network each, so that the packet filter of one is nobody else's. */
  boolean isolates();

  /**
   * Whether something beside the wires keeps the control plane from opening connections to nodes.
   */
  boolean firewalled();

  /** Makes the machine of the n-th node; nothing runs there yet. Blocks. */
  void addNode(String name, int n) throws IOException;

  /** Takes a node's machine away. */
  Future<Void> removeNode(String name);

  /** Starts a component; returns what {@link #stop} knows it by. */
  Future<String> start(Part part);

  /** Ends a component. */
  Future<Void> stop(String id);

  /** Somebody on a machine of the mesh. */
  Place at(String machine);

  /** Somebody on the nodes' network who is no node. */
  Place stranger();

  /** Takes what a node's kubelet says of requests, where it is in this JVM. */
  Consumer<Access> listener(String node);

  /** The requests that a node's kubelet says it answered, the oldest first. */
  List<Access> accesses(String node);

  /** Gives up what the mesh had; nothing of it runs any more. */
  void close() throws IOException;
}
