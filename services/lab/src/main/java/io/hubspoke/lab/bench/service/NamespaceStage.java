package io.hubspoke.lab.bench.service;

import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.NetworkNamespace;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;

/**
 * A client and two servers, each in a network namespace of its own, and between them a node that
 * passes on what one sends the other, virtual address or not. Needs root.
 */
final class NamespaceStage implements Stage {
  private static final String CLIENT = "10.77.1.2";
  private static final List<String> SERVERS = List.of("10.77.10.2", "10.77.20.2");

  private final Deque<Closeable> open = new ArrayDeque<>();
  private final NetworkNamespace client;
  private final Proxier proxier;

  /**
   * Makes it.
   *
   * @param proxiers makes what forwards in the node's namespace, to be started here
   */
  NamespaceStage(Function<NetworkNamespace, Proxier> proxiers) throws Exception {
    try {
      var node = make("node");
      client = make("client");
      node.forward();
      connect(node, client, CLIENT);
      for (String server : SERVERS) {
        var backend = make("backend");
        connect(node, backend, server);
        open.push(backend.call(() -> new Backend(InetAddress.ofLiteral(server))));
      }
      proxier = proxiers.apply(node);
      Component.await(proxier.start());
      open.push(() -> LoopbackStage.stop(proxier));
      // Thousands of connections a second, of which each is remembered for two minutes otherwise.
      Component.await(proxier.apply(List.of()));
      node.call(
          () -> {
            var timeout = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_";
            for (String state : List.of("time_wait", "close")) {
              Files.writeString(Path.of(timeout + state), "1");
            }
            return null;
          });
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  private NetworkNamespace make(String what) throws IOException {
    var made = NetworkNamespace.make(what);
    open.push(made);
    return made;
  }

  /** Gives both ends addresses of the network of the far end's. */
  private static void connect(NetworkNamespace node, NetworkNamespace far, String address)
      throws IOException {
    String gateway = address.substring(0, address.lastIndexOf('.')) + ".1";
    String device = "to-" + address.replace('.', '-');
    node.join(device, gateway + "/24", far, "node", address + "/24");
    far.ip("route", "add", "default", "via", gateway);
  }

  @Override
  public Proxier proxier() {
    return proxier;
  }

  @Override
  public List<String> servers() {
    return SERVERS;
  }

  @Override
  public String virtualIp(int service) {
    return "172.30." + service / 250 + "." + (1 + service % 250);
  }

  @Override
  public String endpoint(int number) {
    return "10." + (100 + number / 62_500) + "." + number / 250 % 250 + "." + (1 + number % 250);
  }

  @Override
  public Thread client(String title, Runnable work) {
    return client.thread(title, work);
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (IOException | UncheckedIOException e) {
        failure = new IOException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
