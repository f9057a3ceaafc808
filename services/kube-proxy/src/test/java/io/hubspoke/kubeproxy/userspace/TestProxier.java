package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.ProxierFactory.Surroundings;
import io.hubspoke.kubeproxy.rules.Endpoint;
import io.hubspoke.kubeproxy.rules.Protocol;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.hubspoke.kubeproxy.rules.ServiceRule.Destinations;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;

/** A proxier with rules that a test makes, and its clients. */
final class TestProxier {
  private static final CertificateAuthority AUTHORITY =
      CertificateAuthority.create("kubernetes", Duration.ofDays(1));

  /** The node's own address. */
  static final String NODE = "127.0.0.7";

  final List<String> warnings = new CopyOnWriteArrayList<>();
  final UserspaceProxier proxier;

  TestProxier(Vertx vertx, ServiceListeners listeners, int mostConnections) {
    var options =
        KubeProxyOptions.of(
                ClientConfig.of(
                    "https://127.0.0.1:6443",
                    List.of(AUTHORITY.certificate()),
                    new Credentials.None()),
                "node-1")
            .withClusterCidr("127.0.9.0/24");
    proxier =
        new UserspaceProxier(
            new Surroundings(
                vertx,
                options,
                () -> List.of(InetAddress.ofLiteral(NODE)),
                (service, reason, message) -> warnings.add(reason + ": " + message)),
            listeners,
            mostConnections);
  }

  TestProxier(Vertx vertx) {
    this(vertx, ServiceListeners.create(), 2000);
  }

  void apply(ServiceRule... rules) throws Exception {
    Await.result(proxier.apply(List.of(rules)));
  }

  void close() throws Exception {
    Await.result(proxier.stop());
  }

  /** An address that a service may have, on which nobody listens. */
  static InetSocketAddress freeAddress() throws IOException {
    var random = ThreadLocalRandom.current();
    var host = "127.97.%d.%d".formatted(random.nextInt(256), 1 + random.nextInt(250));
    return new InetSocketAddress(InetAddress.ofLiteral(host), FreePort.at(host));
  }

  static ServiceRule rule(InetSocketAddress at, Endpoint... endpoints) {
    return rule(at, Duration.ZERO, endpoints);
  }

  static ServiceRule rule(InetSocketAddress at, Duration affinity, Endpoint... endpoints) {
    var destinations = new Destinations(List.of(endpoints), false);
    return new ServiceRule(
        new ServicePortName("default", "web", "", Protocol.TCP),
        at.getHostString(),
        at.getPort(),
        0,
        List.of(),
        affinity,
        destinations,
        destinations,
        false);
  }

  /** Returns the name of the endpoint that answers. */
  static String ask(InetSocketAddress at) throws IOException {
    try (var socket = connect(at)) {
      return name(socket);
    }
  }

  static String ask(InetSocketAddress at, String from) throws IOException {
    try (var socket = new Socket()) {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
      socket.setSoTimeout(10_000);
      socket.connect(at, 10_000);
      return name(socket);
    }
  }

  static Socket connect(InetSocketAddress at) throws IOException {
    var socket = new Socket();
    socket.setSoTimeout(10_000);
    socket.connect(at, 10_000);
    return socket;
  }

  static String name(Socket socket) throws IOException {
    // A byte at a time, so that what follows stays to be read.
    var name = new StringBuilder();
    for (int c = socket.getInputStream().read(); c != '\n'; c = socket.getInputStream().read()) {
      if (c < 0) {
        throw new IOException("ended");
      }
      name.append((char) c);
    }
    return name.toString();
  }

  static String line(Socket socket) throws IOException {
    return new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
        .readLine();
  }

  static void say(Socket socket, String line) throws IOException {
    socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
  }
}
