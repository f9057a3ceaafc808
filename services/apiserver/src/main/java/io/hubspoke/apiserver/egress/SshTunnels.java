package io.hubspoke.apiserver.egress;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.apiserver.registry.ObjectFollower;
import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.Flag;
import io.hubspoke.streams.Duplex;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.hubspoke.tunnel.ssh.SshDialer.State;
import io.hubspoke.tunnel.ssh.SshOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an SSH tunnel to every node that has published its host keys, and dials through that of the
 * node which the target is or on which it runs; never past it.
 */
public final class SshTunnels implements Dialer, ObjectFollower {
  /** The annotation of a Node with the public keys of its SSH server, a line each. */
  public static final String HOST_KEYS = "hubspoke.io/ssh-host-keys";

  private static final Logger LOG = LoggerFactory.getLogger(SshTunnels.class);

  /** As the real apiserver's check: so long without any tunnel is too long. */
  private static final Duration TOLERATED = Duration.ofMinutes(10);

  /** A node, and its tunnel or why it has none. */
  private record Node(
      List<InetAddress> addresses,
      List<AddressRange> podRanges,
      InetAddress at,
      String hostKeys,
      SshDialer tunnel,
      String reason) {

    boolean has(InetAddress address) {
      return addresses.contains(address)
          || podRanges.stream().anyMatch(range -> range.contains(address));
    }
  }

  private final Vertx vertx;
  private final SshConnector connector;
  private final int port;
  private final AllowedAddresses allowed;
  private final Map<String, Node> nodes = new ConcurrentHashMap<>();
  private final AtomicLong formerAttempts = new AtomicLong();
  private final AtomicLong formerFailures = new AtomicLong();
  private volatile boolean closed;

  /**
   * Makes tunnels of what it is told of nodes.
   *
   * @param port where nodes' SSH servers listen
   * @param allowed addresses to which a node may lead the apiserver
   */
  public SshTunnels(Vertx vertx, SshConnector connector, int port, AllowedAddresses allowed) {
    this.vertx = vertx;
    this.connector = connector;
    this.port = port;
    this.allowed = allowed;
  }

  /**
   * Begins as flags say; the key is made when it is missing, with its public half beside it.
   *
   * @throws IOException naming the flag
   */
  public static SshTunnels open(Vertx vertx, EgressOptions options, KubeletClientOptions kubelet)
      throws IOException {
    KeyPair key =
        Flag.read(
            "--ssh-keyfile",
            () -> KeyFile.readOrMake(options.sshKeyfile(), options.sshUser() + "@kube-apiserver"));
    SshOptions login =
        new SshOptions(options.sshUser(), key).withLocalAddress(kubelet.localAddress());
    return new SshTunnels(
        vertx,
        new SshConnector(vertx, login),
        options.sshPort(),
        new AllowedAddresses(kubelet.loopbackRanges()));
  }

  @Override
  public void changed(String namespace, String name, ObjectNode object) {
    Node before = nodes.get(name);
    if (object == null || closed) {
      nodes.remove(name);
      close(before);
      return;
    }
    List<InetAddress> addresses = addresses(object);
    List<AddressRange> podRanges = podRanges(object);
    InetAddress at = addresses.stream().filter(allowed::contains).findFirst().orElse(null);
    String hostKeys = Meta.annotations(object).getOrDefault(HOST_KEYS, "");
    if (before != null && before.hostKeys.equals(hostKeys) && equal(before.at, at)) {
      nodes.put(name, new Node(addresses, podRanges, at, hostKeys, before.tunnel, before.reason));
      return;
    }
    close(before);
    nodes.put(name, open(name, addresses, podRanges, at, hostKeys));
  }

  private static boolean equal(InetAddress one, InetAddress other) {
    return one == null ? other == null : one.equals(other);
  }

  private Node open(
      String name,
      List<InetAddress> addresses,
      List<AddressRange> podRanges,
      InetAddress at,
      String hostKeys) {
    String reason = "";
    SshDialer tunnel = null;
    try {
      PublicKeys known = PublicKeys.parse(hostKeys);
      if (known.keys().isEmpty()) {
        reason = "the node has published no SSH host key";
      } else if (at == null) {
        reason = "the node has no address that may be connected to";
      } else {
        tunnel = new SshDialer(vertx, connector, name, new InetSocketAddress(at, port), known);
        tunnel.start();
      }
    } catch (IllegalArgumentException malformed) {
      reason = HOST_KEYS + ": " + malformed.getMessage();
      LOG.warn("node {}: {}", name, reason);
    }
    return new Node(addresses, podRanges, at, hostKeys, tunnel, reason);
  }

  private void close(Node before) {
    if (before != null && before.tunnel != null) {
      formerAttempts.addAndGet(before.tunnel.attempts());
      formerFailures.addAndGet(before.tunnel.failures());
      before.tunnel.close().otherwiseEmpty();
    }
  }

  /** Returns a node's addresses that need no name server, internal ones first. */
  private static List<InetAddress> addresses(ObjectNode node) {
    List<InetAddress> addresses = new ArrayList<>();
    for (String type : List.of("InternalIP", "ExternalIP")) {
      for (JsonNode address : node.path("status").path("addresses")) {
        if (address.path("type").asText().equals(type)) {
          try {
            addresses.add(InetAddress.ofLiteral(address.path("address").asText()));
          } catch (IllegalArgumentException malformed) {
            LOG.debug("node {}: {}", Meta.name(node), malformed.getMessage());
          }
        }
      }
    }
    return addresses;
  }

  private static List<AddressRange> podRanges(ObjectNode node) {
    List<AddressRange> ranges = new ArrayList<>();
    JsonNode spec = node.path("spec");
    List<String> cidrs = new ArrayList<>();
    spec.path("podCIDRs").forEach(cidr -> cidrs.add(cidr.asText()));
    if (cidrs.isEmpty() && spec.has("podCIDR")) {
      cidrs.add(spec.path("podCIDR").asText());
    }
    for (String cidr : cidrs) {
      try {
        ranges.add(AddressRange.parse(cidr));
      } catch (IllegalArgumentException malformed) {
        LOG.debug("node {}: {}", Meta.name(node), malformed.getMessage());
      }
    }
    return ranges;
  }

  @Override
  public String name() {
    return "ssh";
  }

  @Override
  public Future<Duplex> dial(Target target) {
    String name = target.node();
    if (name.isEmpty()) {
      List<String> owners = owners(target.host());
      if (owners.size() != 1) {
        // Two that claim it: one of them would like to hear what is meant for the other.
        return Future.failedFuture(
            new IOException(
                owners.isEmpty()
                    ? "ssh: no node has the address " + target.host()
                    : "ssh: more than one node has the address "
                        + target.host()
                        + ": "
                        + String.join(", ", owners)));
      }
      name = owners.getFirst();
    }
    Node node = nodes.get(name);
    if (node == null) {
      return Future.failedFuture(new TunnelDownException("ssh " + name, "there is no such node"));
    }
    return node.tunnel == null
        ? Future.failedFuture(new TunnelDownException("ssh " + name, node.reason))
        : node.tunnel.dial(target);
  }

  private List<String> owners(String host) {
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(host);
    } catch (IllegalArgumentException name) {
      return nodes.containsKey(host) ? List.of(host) : List.of();
    }
    return nodes.entrySet().stream()
        .filter(node -> node.getValue().has(address))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** Returns whether there was a tunnel lately, if there should be any. */
  public boolean isHealthy() {
    List<SshDialer> tunnels = tunnels();
    return tunnels.isEmpty()
        || tunnels.stream().anyMatch(tunnel -> tunnel.downFor().compareTo(TOLERATED) < 0);
  }

  private List<SshDialer> tunnels() {
    return nodes.values().stream().map(Node::tunnel).filter(tunnel -> tunnel != null).toList();
  }

  /** Returns metrics: the old apiserver's own, and how many tunnels are in which state. */
  public String metrics() {
    Exposition exposition =
        new Exposition()
            .family("ssh_tunnel_open_count", "counter", "Attempts to open an SSH tunnel.")
            .family("ssh_tunnel_open_fail_count", "counter", "Such attempts that failed.")
            .family("hubspoke_ssh_tunnels", "gauge", "SSH tunnels by state.");
    List<SshDialer> tunnels = tunnels();
    long attempts = tunnels.stream().mapToLong(SshDialer::attempts).sum();
    long failures = tunnels.stream().mapToLong(SshDialer::failures).sum();
    exposition.add("ssh_tunnel_open_count", formerAttempts.get() + attempts);
    exposition.add("ssh_tunnel_open_fail_count", formerFailures.get() + failures);
    for (State state : List.of(State.CONNECTING, State.UP, State.DOWN)) {
      long count = tunnels.stream().filter(tunnel -> tunnel.state() == state).count();
      exposition.add("hubspoke_ssh_tunnels", count, "state", state.name().toLowerCase(Locale.ROOT));
    }
    return exposition.text();
  }

  @Override
  public Future<Void> close() {
    closed = true;
    List<Future<Void>> closing = tunnels().stream().map(SshDialer::close).toList();
    nodes.clear();
    return Future.join(closing).eventually(connector::close).mapEmpty();
  }
}
