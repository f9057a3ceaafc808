package io.hubspoke.lab;

import io.hubspoke.api.AddressRange;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.sshd.SshdOptions;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.vertx.core.Future;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An SSH server on each node, behind a wire, and the key with which the apiserver logs in at all of
 * them. Each forwards to its own node and that node's pods alone.
 */
public final class SshServers implements Tunnels {
  static final String USER = "hubspoke";

  /** Where OpenSSH listens, and where one listens who may not listen there. */
  private static final int PORT = 22;

  static final int UNPRIVILEGED_PORT = 2222;

  private final Site site;
  private final MeshComponents components;
  private final Map<String, Running> running = new ConcurrentHashMap<>();
  private int port = PORT;

  private record Running(String deployment, Wire wire) {}

  SshServers(Site site, MeshComponents components) {
    this.site = site;
    this.components = components;
  }

  /** As whom the apiserver logs in. */
  public String user() {
    return USER;
  }

  /** With which private key. */
  public Path key() {
    return components.files().pki().resolve("ssh").resolve("id_ed25519");
  }

  private Path authorizedKeys() {
    return components.files().pki().resolve("ssh").resolve("authorized_keys");
  }

  @Override
  public void open() throws IOException {
    var pair = KeyFile.readOrMake(key(), USER);
    AtomicFile.writePublic(
        authorizedKeys(), new PublicKeys(List.of(pair.getPublic())).lines() + "\n");
    port =
        !site.deployed() && FreePort.isFree(components.addresses().nodeListens(1), PORT)
            ? PORT
            : UNPRIVILEGED_PORT;
  }

  @Override
  public EgressOptions egress() {
    return EgressOptions.ssh(USER, key(), port);
  }

  @Override
  public Future<Void> publish(ApiClient admin) {
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> start(String node, int n) {
    try {
      makeHostKey(node);
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    var addresses = components.addresses();
    var options = components.options().changes().tunnels().sshd().apply(options(node, n));
    return site.wire(
            SocketAddress.inetSocketAddress(port, addresses.nodeAdvertises(n)),
            SocketAddress.inetSocketAddress(port, addresses.nodeListens(n)))
        .compose(
            wire ->
                site.start(Part.of(node, options))
                    .onSuccess(id -> running.put(node, new Running(id, wire)))
                    .onFailure(e -> wire.close()))
        .mapEmpty();
  }

  /** A deployment's nodes are pods, whose files are made before they are. */
  private void makeHostKey(String node) throws IOException {
    if (site.deployed()) {
      KeyFile.readOrMake(hostKey(node), node);
    }
  }

  private SshdOptions options(String node, int n) {
    var addresses = components.addresses();
    var own = addresses.nodeAdvertises(n);
    return new SshdOptions(
        addresses.nodeListens(n),
        port,
        USER,
        authorizedKeys(),
        List.of(hostKey(node)),
        List.of(AddressRange.parse(own + "/32"), AddressRange.parse(addresses.podCidr(n))),
        own,
        SshdOptions.Limits.DEFAULT);
  }

  /**
   * What an interceptor shows as a node's host key: one of his own, unless the node's has leaked.
   */
  public KeyPair interceptorsKey(String node) throws IOException {
    if (components.options().changes().tunnels().keysLeaked()) {
      return KeyFile.read(hostKey(node));
    }
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has Ed25519", e);
    }
  }

  private Path hostKey(String node) {
    return components.files().node(node).resolve("ssh").resolve("ssh_host_ed25519_key");
  }

  /** The kubelet publishes the key by which the apiserver is to know the node. */
  @Override
  public KubeletOptions.Builder kubelet(String node, KubeletOptions.Builder options) {
    var key = hostKey(node);
    return options.sshHostKeys(List.of(key.resolveSibling(key.getFileName() + ".pub")));
  }

  @Override
  public Optional<Wire> wire(String node) {
    return Optional.ofNullable(running.get(node)).map(Running::wire);
  }

  @Override
  public Future<Void> stop(String node) {
    var ended = running.remove(node);
    return ended == null
        ? Future.succeededFuture()
        : site.stop(ended.deployment()).otherwiseEmpty().eventually(ended.wire()::close);
  }

  @Override
  public Future<Void> close() {
    return Future.join(List.copyOf(running.keySet()).stream().map(this::stop).toList()).mapEmpty();
  }
}
