package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.NetworkNamespace;
import io.hubspoke.testing.Await;
import java.io.Closeable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code hubspoke kube-proxy} as a process on a node of its own: hub, node, client and endpoint are
 * network namespaces, joined by cables. Needs root, nft and ip.
 */
class KubeProxyNamespaceTest {
  private static final Duration VALIDITY = Duration.ofHours(1);
  private static final String HUB = "10.77.5.2";
  private static final String NODE = "10.77.1.1";
  private static final String CLIENT = "10.77.1.2";
  private static final String ENDPOINT = "10.77.10.2";
  private static final String OTHER_ENDPOINT = "10.77.10.3";
  private static final String SERVICE = "172.30.0.80";
  private static final int NODE_PORT = 30080;
  private static final String SERVICE_AND_SLICE =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec:
        type: NodePort
        clusterIP: %s
        ports: [{port: 80, targetPort: 8080, nodePort: %d}]
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
      addressType: IPv4
      ports: [{port: 8080}]
      endpoints: [{addresses: [%s]}]
      """;

  @TempDir private Path dir;

  private final Deque<Closeable> open = new ArrayDeque<>();

  @AfterEach
  void removeNetworks() throws IOException {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  @Test
  void leadsPacketsAsServicesSayAndLeavesNothingBehind() throws Exception {
    NetworkNamespace.hindrance()
        .ifPresent(
            why -> {
              throw new AssertionError("tests of the packet filter can't run: " + why);
            });
    var hub = make("hub");
    var node = make("node");
    var client = make("client");
    var endpoint = make("endpoint");
    node.forward();
    node.join("hub", "10.77.5.1/24", hub, "node", HUB + "/24");
    node.join("client", NODE + "/24", client, "node", CLIENT + "/24");
    node.join("endpoint", "10.77.10.1/24", endpoint, "node", ENDPOINT + "/24");
    endpoint.ip("address", "add", OTHER_ENDPOINT + "/24", "dev", "node");
    // Towards what nobody has, too, since the node refuses on the way.
    node.ip("route", "add", "default", "dev", "hub");
    client.ip("route", "add", "default", "via", NODE);
    endpoint.ip("route", "add", "default", "via", "10.77.10.1");
    answer(endpoint, ENDPOINT);
    answer(endpoint, OTHER_ENDPOINT);
    var authority = CertificateAuthority.create("kubernetes", VALIDITY);
    var apiserver = run(hub, "apiserver", apiserver(authority));
    var kubectl =
        new Kubectl(
            Kubectl.versions().getLast(), kubeconfig(authority, "admin", "system:masters"), dir);
    Await.until(
        "the apiserver answers",
        () -> {
          assertThat(apiserver.process().isAlive()).as(apiserver.complaints()).isTrue();
          return run(hub, kubectl, "", "get", "namespace", "default") == 0;
        });
    String slice = SERVICE_AND_SLICE.formatted(SERVICE, NODE_PORT, ENDPOINT);
    assertThat(run(hub, kubectl, slice, "apply", "-f", "-")).isZero();

    var proxy =
        run(
            node,
            "kube-proxy",
            List.of(
                "kube-proxy",
                "--kubeconfig=" + kubeconfig(authority, "system:kube-proxy"),
                "--hostname-override=node-1",
                "--bind-address=" + NODE,
                "--proxy-mode=nftables"));
    Await.until("the service", () -> said(client, SERVICE, 80).equals(ENDPOINT));
    assertThat(said(client, NODE, NODE_PORT)).isEqualTo(ENDPOINT);
    assertThat(said(node, SERVICE, 80)).isEqualTo(ENDPOINT);

    slice = SERVICE_AND_SLICE.formatted(SERVICE, NODE_PORT, OTHER_ENDPOINT);
    assertThat(run(hub, kubectl, slice, "apply", "-f", "-")).isZero();
    Await.until("another endpoint", () -> said(client, SERVICE, 80).equals(OTHER_ENDPOINT));

    assertThat(run(hub, kubectl, "", "delete", "endpointslice", "web-1")).isZero();
    Await.until("refused without endpoints", () -> said(client, SERVICE, 80).equals("refused"));

    assertThat(proxy.complaints()).isEmpty();
    assertThat(proxy.stop("TERM")).isZero();
    assertThat(node.exec("nft", "list", "ruleset")).isEmpty();
  }

  private NetworkNamespace make(String what) throws IOException {
    var made = NetworkNamespace.make(what);
    open.push(made);
    return made;
  }

  private HubspokeProcess run(NetworkNamespace where, String name, List<String> arguments)
      throws IOException {
    var builder = HubspokeProcess.builder(arguments);
    builder.command().addAll(0, where.prefix());
    Path err = dir.resolve(name + ".err");
    var process =
        new HubspokeProcess(
            builder
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(err.toFile())
                .start(),
            err);
    open.push(process::close);
    return process;
  }

  /** Runs kubectl in a network; returns how it ended. */
  private static int run(NetworkNamespace where, Kubectl kubectl, String input, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(where.prefix());
    command.add(kubectl.binary().toString());
    command.addAll(List.of(arguments));
    var process = kubectl.start(command);
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(UTF_8));
    }
    process.getInputStream().readAllBytes();
    return process.waitFor();
  }

  private List<String> apiserver(CertificateAuthority authority) throws IOException {
    Path ca = dir.resolve("ca.crt");
    authority.write(ca, dir.resolve("ca.key"));
    Path certificate = dir.resolve("apiserver.crt");
    Path key = dir.resolve("apiserver.key");
    authority
        .issueServer("kube-apiserver", SubjectAltNames.of(List.of(HUB)), VALIDITY)
        .write(certificate, key);
    return List.of(
        "apiserver",
        "--bind-address=" + HUB,
        "--secure-port=6443",
        "--tls-cert-file=" + certificate,
        "--tls-private-key-file=" + key,
        "--client-ca-file=" + ca,
        "--service-cluster-ip-range=172.30.0.0/16",
        "--authorization-mode=Node,RBAC");
  }

  private Path kubeconfig(CertificateAuthority authority, String user, String... groups)
      throws IOException {
    Path file = dir.resolve(user + ".kubeconfig");
    Kubeconfig.of(
            "hub",
            Kubeconfig.Cluster.trusting("https://" + HUB + ":6443", authority.certificate()),
            user,
            Kubeconfig.User.of(authority.issueClient(user, List.of(groups), VALIDITY)))
        .write(file);
    return file;
  }

  /** Says at the address which one it is. */
  private void answer(NetworkNamespace where, String address) throws Exception {
    var server = where.call(() -> new ServerSocket(8080, 10, InetAddress.ofLiteral(address)));
    open.push(server);
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              while (!server.isClosed()) {
                try (var connection = server.accept()) {
                  connection.getOutputStream().write(address.getBytes(UTF_8));
                } catch (IOException e) {
                  // Closed, or a client that has gone.
                }
              }
            });
  }

  /** Returns what is said at an address. */
  private static String said(NetworkNamespace from, String address, int port) throws Exception {
    return from.call(
        () -> {
          try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(address), port), 1000);
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
          } catch (ConnectException e) {
            return "refused";
          } catch (IOException e) {
            return e.toString();
          }
        });
  }
}
